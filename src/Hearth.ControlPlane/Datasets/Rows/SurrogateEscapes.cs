using System.Buffers.Text;

namespace Hearth.ControlPlane;

/// <summary>Escapes of UTF-16 surrogates in JSON text. Half a pair is no character: no tokenizer can read it.</summary>
internal static class SurrogateEscapes
{
    /// <param name="text">What is between a string's quotes, valid as JSON.</param>
    public static bool AreBroken(ReadOnlySpan<byte> text)
    {
        if (text.IndexOf("\\ud"u8) < 0 && text.IndexOf("\\uD"u8) < 0) return false;
        var expectsLow = false;
        while (text.Length > 0)
        {
            var at = text.IndexOf((byte)'\\');
            if (at != 0)
            {
                if (expectsLow) return true;
                if (at < 0) return false;
                text = text[at..];
            }
            var isUnicode = text[1] == 'u';
            var unit = isUnicode ? Unit(text[2..6]) : 0;
            if (char.IsLowSurrogate((char)unit) != expectsLow) return true;
            expectsLow = char.IsHighSurrogate((char)unit);
            text = text[(isUnicode ? 6 : 2)..];
        }
        return expectsLow;
    }

    private static int Unit(ReadOnlySpan<byte> hex) => Utf8Parser.TryParse(hex, out int unit, out _, 'x') ? unit : 0;
}
