using System.Text;

namespace Hearth.Tokenization;

/// <summary>Byte characters back to UTF-8. A token with any other character stands for itself.</summary>
internal sealed class ByteLevelDecoder : IDecoder
{
    public List<string> Decode(List<string> tokens)
    {
        var bytes = new List<byte>();
        foreach (var token in tokens) AppendBytes(token, bytes);
        return [Encoding.UTF8.GetString([.. bytes])];
    }

    /// <summary>Adds the bytes that a token stands for.</summary>
    public static void AppendBytes(string token, List<byte> bytes)
    {
        var before = bytes.Count;
        foreach (var unit in token)
        {
            if (ByteAlphabet.TryDecode(unit, out var value))
            {
                bytes.Add(value);
                continue;
            }

            bytes.RemoveRange(before, bytes.Count - before);
            bytes.AddRange(Encoding.UTF8.GetBytes(token));
            return;
        }
    }
}
