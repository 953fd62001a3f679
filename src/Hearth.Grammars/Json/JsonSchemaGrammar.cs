namespace Hearth.Grammars;

/// <summary>Grammars of JSON values. What is supported: docs/structured-output.md.</summary>
public static class JsonSchemaGrammar
{
    /// <summary>The schema of any JSON object.</summary>
    public const string AnyObject = """{"type":"object"}""";

    /// <summary>Compiles a JSON schema (2020-12, with the usual keywords of older drafts).</summary>
    /// <param name="schema">The schema's JSON text.</param>
    /// <returns>A grammar whose texts are JSON values that are valid under the schema.</returns>
    /// <exception cref="GrammarException">The schema is unsound, has no finite value, or uses what is not supported; the message names it.</exception>
    public static ByteGrammar Compile(string schema) => SchemaCompiler.Compile(schema);
}
