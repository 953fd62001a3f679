using System.Text.Encodings.Web;
using System.Text.Json;

namespace Hearth.ControlPlane;

/// <summary>
/// Checks a file and writes its report as JSON on the way, every fault as it is found. So that a file of millions of tiny bad lines does not
/// fill the disk, a report is not longer than twice the file, or 16 MB: <c>faultCount</c> counts them all, <c>faults</c> holds what fits.
/// </summary>
public static class DatasetReportFile
{
    private const long AlwaysAllowed = 16 << 20;
    private const int FlushBytes = 1 << 16;

    private static readonly JsonSerializerOptions Names = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="more">Writes further properties.</param>
    /// <returns>The same report; of the faults it has the first <see cref="DatasetReport.MaxFaultsKept"/>.</returns>
    public static DatasetReport Write(
        Stream file, ValidationOptions options, Stream target, CancellationToken cancellationToken, Action<Utf8JsonWriter>? more = null)
    {
        using var json = new Utf8JsonWriter(target, new JsonWriterOptions { Encoder = Names.Encoder });
        json.WriteStartObject();
        json.WriteStartArray("faults");
        var report = DatasetValidator.Validate(file, options, fault => Write(json, fault), cancellationToken);
        json.WriteEndArray();
        foreach (var property in JsonSerializer.SerializeToElement(report with { Faults = [] }, Names).EnumerateObject())
            if (property.Name != "faults") property.WriteTo(json);
        more?.Invoke(json);
        json.WriteEndObject();
        return report;
    }

    private static void Write(Utf8JsonWriter json, RowFault fault)
    {
        if (json.BytesCommitted + json.BytesPending > Math.Max(AlwaysAllowed, 2 * fault.Offset)) return;
        json.WriteStartObject();
        if (fault.File is { } file) json.WriteString("file", file);
        json.WriteNumber("line", fault.Line);
        json.WriteNumber("offset", fault.Offset);
        json.WriteString("rule", fault.Rule);
        json.WriteString("remedy", fault.Remedy);
        json.WriteEndObject();
        if (json.BytesPending > FlushBytes) json.Flush();
    }
}
