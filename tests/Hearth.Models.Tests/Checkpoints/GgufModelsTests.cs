using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Hearth.TestKit;
using Xunit;

namespace Hearth.Models.Tests;

/// <summary>Whole GGUF files written by llama.cpp, compared with their tables, hashes and Hugging Face originals.</summary>
[Trait("Category", "Fixtures")]
public sealed class GgufModelsTests
{
    /// <summary>GGUF architectures that are read; files of others are refused by name.</summary>
    private static readonly string[] Supported = ["llama", "qwen2", "qwen3", "qwen3moe"];

    private const string Absent = "The model files of the fixtures are not here (HEARTH_FIXTURES or ../shared/fixtures).";

    public static TheoryData<string> Files()
    {
        // These files are larger than the repository's copy of the fixtures may be.
        if (FixtureFolder.TryFind("gguf/models") is not { } models) return [""];
        return new(Directory.GetFiles(models, "*.gguf", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(models, path)).Order(StringComparer.Ordinal));
    }

    [Theory, MemberData(nameof(Files))]
    public void Tensors_have_the_expected_types_shapes_bytes_and_values(string name)
    {
        Assert.SkipWhen(name == "", Absent);
        var format = Format(name, out var path);
        using var file = GgufFile.Open(path);
        Assert.Equal(format.GetProperty("version").GetInt32(), file.Version);
        Assert.Equal(format.GetProperty("metadata").EnumerateObject().Select(key => key.Name), file.Metadata.Keys);
        Assert.Equal(format.GetProperty("tensors").GetArrayLength(), file.Names.Count);
        foreach (var expected in format.GetProperty("tensors").EnumerateArray())
        {
            var tensor = file.Get(expected.GetProperty("name").GetString()!);
            Assert.Equal(expected.GetProperty("type").GetString(), tensor.Type.ToString());
            Assert.Equal(expected.GetProperty("ne").EnumerateArray().Select(dimension => dimension.GetInt64()).Reverse(), tensor.Shape);
            Assert.Equal(expected.GetProperty("sha256").GetString(), Hash(tensor.Bytes));
            if (tensor.Type.IsReadable()) Assert.Equal(expected.GetProperty("sha256_as_float32").GetString(), Hash(MemoryMarshal.AsBytes<float>(tensor.ToFloat32())));
        }
    }

    [Theory, MemberData(nameof(Files))]
    public void A_file_opens_as_a_model_or_what_it_lacks_is_named(string name)
    {
        Assert.SkipWhen(name == "", Absent);
        var format = Format(name, out var path);
        var architecture = format.GetProperty("metadata").GetProperty("general.architecture").GetProperty("value").GetString()!;
        var types = format.GetProperty("tensors").EnumerateArray().Select(tensor => Enum.Parse<TensorType>(tensor.GetProperty("type").GetString()!)).Distinct().ToList();
        var unread = types.Where(type => !type.IsReadable()).Select(type => type.ToString()).ToList();
        if (!Supported.Contains(architecture) || unread.Count > 0)
        {
            var refusal = Assert.Throws<NotSupportedException>(() => ModelFiles.Open(path));
            if (!Supported.Contains(architecture)) Assert.Contains($"'{architecture}'", refusal.Message, StringComparison.Ordinal);
            else Assert.Contains(unread, type => refusal.Message.Contains(type, StringComparison.Ordinal));
            return;
        }
        using var files = ModelFiles.Open(path);
        var original = ModelConfiguration.FromConfigFile(Path.Combine(Path.GetDirectoryName(path)!, "hf", "config.json"));
        AssertSame(original, files.Configuration);
        Assert.NotNull(files.GgufTokenizer);
        Assert.Equal(files.Configuration.VocabularySize, files.GgufTokenizer.Tokens.Count);
    }

    [Fact]
    public void Query_and_key_rows_are_those_of_the_hugging_face_original()
    {
        var models = FixtureFolder.TryFind("gguf/models");
        Assert.SkipWhen(models is null, Absent);
        using var original = CheckpointFolder.Open(Path.Combine(models!, "llama3-spm", "hf"));
        using var files = ModelFiles.Open(Path.Combine(models!, "llama3-spm", "F32.gguf"));
        Assert.Equal(original.Names, files.Names);
        foreach (var name in files.Names) TensorComparison.RequireEqualBits(name, original.Get(name).ToFloat32(), files.Get(name).ToFloat32());
    }

    private static void AssertSame(ModelConfiguration original, ModelConfiguration configuration)
    {
        // Special token ids come from config.json there and from the tokenizer here; windows are compared by value.
        var comparable = configuration with
        {
            BosTokenId = original.BosTokenId,
            EosTokenIds = original.EosTokenIds,
            PadTokenId = original.PadTokenId,
            Windows = original.Windows,
            Rope = original.Rope,
            DenseLayers = original.DenseLayers,
        };
        Assert.Equal(original, comparable);
        Assert.Equal(original.Windows, configuration.Windows);
        Assert.Equal(original.DenseLayers, configuration.DenseLayers);
        var (expected, actual) = (RopeFrequencies.Compute(original), RopeFrequencies.Compute(configuration));
        Assert.Equal(expected.AttentionFactor, actual.AttentionFactor);
        for (int i = 0; i < expected.InverseFrequencies.Length; i++) // the file's divisors are float32
            Assert.Equal(1, actual.InverseFrequencies[i] / expected.InverseFrequencies[i], 2e-7);
    }

    private static JsonElement Format(string name, out string path)
    {
        path = Path.Combine(FixtureFolder.Find("gguf/models"), name);
        using var expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(Path.GetDirectoryName(path)!, "expected.json")));
        return expected.RootElement.GetProperty("formats").GetProperty(Path.GetFileNameWithoutExtension(name)).Clone();
    }

    private static string Hash(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
