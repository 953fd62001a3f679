using System.Text;

namespace Hearth.Grammars.Tests;

/// <summary>Asks grammars about whole texts, byte by byte.</summary>
internal static class Texts
{
    /// <summary>One token a byte, and one without bytes, 256, as the end.</summary>
    public static TokenVocabulary Bytes { get; } = new([.. Enumerable.Range(0, 256).Select(value => new[] { (byte)value })], 257);

    public static TokenAutomaton Automaton(string schema) => new(JsonSchemaGrammar.Compile(schema), Bytes);

    public static bool Accepts(this TokenAutomaton automaton, string text) => automaton.Start.Advance(Encoding.UTF8.GetBytes(text)).IsComplete;

    public static bool Accepts(string schema, string text) => Automaton(schema).Accepts(text);
}
