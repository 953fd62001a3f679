namespace Hearth.Tokenization;

internal sealed class PrependNormalizer(string prefix) : INormalizer
{
    public TextBuffer Normalize(TextBuffer text)
    {
        if (text.Length == 0) return text;
        var result = new TextBuffer(text.Length + prefix.Length);
        result.Append(prefix, text.Origins[0]);
        result.AppendSlice(text, 0, text.Length);
        return result;
    }
}
