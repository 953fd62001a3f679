using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Hearth.Cli;

/// <summary>How a verb answers: text for people, or one JSON object on standard output for programs.</summary>
public static class CommandOutput
{
    private static readonly JsonSerializerOptions Indented =
        new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary><c>--output text|json</c>, understood by every verb.</summary>
    public static Option<OutputFormat> Option { get; } = new("--output", "-o")
    {
        Description = "text, or json: one object on standard output and nothing else there",
        Recursive = true,
        DefaultValueFactory = _ => OutputFormat.Text,
        HelpName = "text|json",
    };

    public static bool IsJson(this ParseResult parsed) => parsed.GetValue(Option) == OutputFormat.Json;

    /// <summary>Prints an object as indented JSON.</summary>
    public static void WriteJson<T>(T value) => Console.Out.WriteLine(JsonSerializer.Serialize(value, Indented));
}

/// <summary>Form of a verb's answer.</summary>
public enum OutputFormat { Text, Json }
