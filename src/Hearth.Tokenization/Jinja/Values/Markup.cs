namespace Hearth.Tokenization;

/// <summary>A text marked safe: what is added to it with + is HTML-escaped.</summary>
internal sealed record Markup(string Text)
{
    public static string Escape(string text) => text
        .Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal)
        .Replace(">", "&gt;", StringComparison.Ordinal).Replace("'", "&#39;", StringComparison.Ordinal)
        .Replace("\"", "&#34;", StringComparison.Ordinal);
}
