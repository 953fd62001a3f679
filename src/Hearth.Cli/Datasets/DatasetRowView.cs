using System.Text;
using Hearth.Contracts;
using Spectre.Console;

namespace Hearth.Cli;

/// <summary>A row as a model reads it: the rendered text, with what is trained told apart by colour, or by ⟦ ⟧ where there is none.</summary>
public static class DatasetRowView
{
    private static readonly string[] Trained = ["black on green", "black on lime"];
    private static readonly string[] Read = ["default", "grey"];

    /// <param name="listTokens">Also a line for each token: position, id, whether it is trained, text.</param>
    public static void Write(HearthDatasetRow row, bool listTokens)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });
        var hasColours = !Console.IsOutputRedirected && console.Profile.Capabilities.ColorSystem != ColorSystem.NoColors;
        Console.Out.WriteLine($"row {row.Row}, line {row.Line}, byte {row.Offset}");
        foreach (var example in row.Examples)
        {
            var name = example.Name == "" ? "" : $"{example.Name}: ";
            var weight = example.Weight == 1 ? "" : FormattableString.Invariant($", weight {example.Weight}");
            Console.Out.WriteLine($"{name}{example.TokenIds.Count} tokens, {example.LossMask.Sum()} trained{weight}");
            if (hasColours) console.MarkupLine(Coloured(example));
            else Console.Out.WriteLine(Marked(example));
            if (listTokens) WriteTokens(example);
        }
    }

    /// <summary>The text with ⟦ ⟧ around each trained stretch.</summary>
    public static string Marked(HearthRowExample example)
    {
        if (example.Tokens.Count == 0) return string.Join(' ', example.TokenIds);
        var text = new StringBuilder();
        var isTrained = false;
        for (var i = 0; i < example.Tokens.Count; i++)
        {
            if (example.LossMask[i] == 1 != isTrained) text.Append(isTrained ? '⟧' : '⟦');
            isTrained = example.LossMask[i] == 1;
            text.Append(example.Tokens[i]);
        }
        return text.Append(isTrained ? "⟧" : "").ToString();
    }

    // Two shades in turns, so that one sees where tokens end.
    private static string Coloured(HearthRowExample example)
    {
        if (example.Tokens.Count == 0) return string.Join(' ', example.TokenIds);
        var text = new StringBuilder();
        for (var i = 0; i < example.Tokens.Count; i++)
            text.Append('[').Append((example.LossMask[i] == 1 ? Trained : Read)[i % 2]).Append(']').Append(Markup.Escape(example.Tokens[i])).Append("[/]");
        return text.ToString();
    }

    private static void WriteTokens(HearthRowExample example)
    {
        for (var i = 0; i < example.TokenIds.Count; i++)
        {
            var piece = i < example.Tokens.Count ? example.Tokens[i].Replace("\n", "\\n") : "";
            Console.Out.WriteLine($"{i,6} {example.TokenIds[i],8} {(example.LossMask[i] == 1 ? "trained" : "       ")} {piece}");
        }
    }
}
