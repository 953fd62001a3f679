using System.Text;

namespace Hearth.Tokenization;

/// <summary>
/// Origins after a rewriting, as the reference counts them: a code point with change 0 replaces one of the source, 1 was
/// added behind it, -n swallowed n more.
/// </summary>
internal static class CharacterChanges
{
    public static TextBuffer Apply(TextBuffer source, IEnumerable<(Rune Rune, int Change)> result)
    {
        var text = new TextBuffer(source.Length);
        var position = 0; // units of the source used up
        foreach (var (rune, change) in result)
        {
            var origin = change > 0
                ? position > 0 ? source.Origins[position - 1] : default
                : source.Origins[Math.Min(position, source.Length - 1)];
            for (var consumed = change; consumed <= 0 && position < source.Length; consumed++)
            {
                source.RuneAt(position, out var used);
                position += used;
            }

            text.Append(rune, origin);
        }

        return text;
    }
}
