using System.Text.Json;
using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>Reports and single rows of datasets: addresses of our own.</summary>
internal static class DatasetReportEndpoints
{
    public static void Map(Routes routes)
    {
        routes.GetLong("/hearth/v1/accounts/{account}/datasets/{id}/report", Permission.View, ReportAsync);
        routes.Get("/hearth/v1/accounts/{account}/datasets/{id}/rows/{row}", Permission.View, RowAsync);
    }

    private static async Task<object> ReportAsync(Call call)
    {
        var name = call.Name(ResourceKind.Datasets);
        var path = await call.Service<Datasets>().ReportPathAsync(name, call.Cancelled);
        if (call.Query("model") is { } model) return await TokensAsync(call, name, path, model);
        call.Http.Response.ContentType = "application/json";
        await call.Http.Response.SendFileAsync(path, call.Cancelled);
        return Answers.Empty;
    }

    // The stored report, and behind it what the model makes of the rows, sent as it is counted.
    private static async Task<object> TokensAsync(Call call, ResourceName name, string reportPath, string modelName)
    {
        var rows = call.Service<DatasetRows>();
        var context = ContextLength(call);
        var model = await rows.OpenModelAsync(call.Caller, modelName, Renderer(call), call.Cancelled);
        await rows.RequireReadyAsync(name, call.Cancelled);
        await using var stored = File.OpenRead(reportPath);
        using var report = await JsonDocument.ParseAsync(stored, default, call.Cancelled);
        call.Http.Response.ContentType = "application/json";
        await using var json = new Utf8JsonWriter(call.Http.Response.Body);
        json.WriteStartObject();
        foreach (var property in report.RootElement.EnumerateObject()) property.WriteTo(json);
        json.WritePropertyName("tokens");
        await rows.WriteTokensAsync(name, model.Name, model.Rows, context, json, call.Cancelled);
        json.WriteEndObject();
        await json.FlushAsync(call.Cancelled);
        return Answers.Empty;
    }

    private static async Task<object> RowAsync(Call call)
    {
        var name = call.Name(ResourceKind.Datasets);
        var number = long.TryParse(call.Route("row"), out var parsed) ? parsed : throw HearthException.Invalid($"The row must be a number from 1, not '{call.Route("row")}'.");
        var rows = call.Service<DatasetRows>();
        var row = await rows.FindAsync(name, number, call.Cancelled);
        var answer = new HearthDatasetRow
        {
            Dataset = name.Value,
            Row = row.Number,
            Line = row.Line,
            Offset = row.Offset,
            Content = JsonSerializer.Deserialize<JsonElement>(row.Text),
        };
        if (call.Query("model") is not { } modelName) return answer;
        var model = await rows.OpenModelAsync(call.Caller, modelName, Renderer(call), call.Cancelled);
        return answer with { Model = model.Name, Examples = [.. model.Rows.Render(row.Text).Select(RowExamples.ToContract)] };
    }

    private static IRowRenderer Renderer(Call call) =>
        call.Http.RequestServices.GetService<IRowRenderer>() ?? throw HearthException.Unimplemented("Reading rows with a model's tokenizer");

    private static int? ContextLength(Call call) => call.Query("contextLength") switch
    {
        null => null,
        var text when int.TryParse(text, out var length) && length > 0 => length,
        var text => throw HearthException.Invalid($"contextLength must be a number of tokens above 0, not '{text}'."),
    };
}
