using System.Security.Cryptography;
using System.Text;
using Hearth.Numerics;

namespace Hearth.Models;

/// <summary>What a packed file was made of, as 32 bytes: two models with one stamp have the same weights.</summary>
/// <remarks>
/// SHA-256 of the layout version, of names, types and shapes of all tensors, and of every weight file its length, its time of last change and samples of its
/// bytes. Reading whole files would take longer than the load that this is for; times catch what samples miss, samples what a restored time would hide.
/// </remarks>
internal static class ModelStamp
{
    private const int Samples = 16, SampleBytes = 4096;

    public static byte[] Of(ModelFiles files)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(Description(files)));
        foreach (var path in files.WeightFiles) AppendSamples(hash, path);
        return hash.GetHashAndReset();
    }

    private static string Description(ModelFiles files)
    {
        var text = new StringBuilder($"layout {PackedWeight.LayoutVersion}, {files.Configuration.Architecture}, head {files.Configuration.HeadWidth}\n");
        foreach (var (name, shape) in ModelLayout.Tensors(files.Configuration))
        {
            text.Append(name).Append(' ').Append(files.Describe(name).Type);
            foreach (var dimension in shape) text.Append(' ').Append(dimension);
            text.Append('\n');
        }
        return text.ToString();
    }

    private static void AppendSamples(IncrementalHash hash, string path)
    {
        using var file = File.OpenHandle(path);
        var length = RandomAccess.GetLength(file);
        hash.AppendData(BitConverter.GetBytes(length));
        hash.AppendData(BitConverter.GetBytes(File.GetLastWriteTimeUtc(file).Ticks));
        Span<byte> sample = stackalloc byte[SampleBytes];
        for (int i = 0; i < Samples; i++)
        {
            var offset = Math.Max(0, length - SampleBytes) * i / (Samples - 1);
            hash.AppendData(sample[..RandomAccess.Read(file, sample, offset)]);
        }
    }
}
