using Microsoft.Extensions.Logging.Console;

namespace Hearth.Server;

/// <summary>Where log entries go: standard error, so that standard output stays what a person reads.</summary>
internal static class Logs
{
    public static void Apply(ILoggingBuilder logging, HearthServerOptions options)
    {
        logging.ClearProviders();
        logging.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        if (options.JsonLogs) logging.AddConsole(console => console.FormatterName = JsonLines.FormatName).AddConsoleFormatter<JsonLines, ConsoleFormatterOptions>();
        else logging.AddSimpleConsole(console => console.SingleLine = true);
        logging.SetMinimumLevel(options.LogLevel);
        // The framework's own request lines hold paths and query strings (rule S11).
        if (options.LogLevel < LogLevel.Warning) logging.AddFilter("Microsoft", LogLevel.Warning).AddFilter("System", LogLevel.Warning);
    }
}
