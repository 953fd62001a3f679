using System.Globalization;
using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>The list of models in Anthropic's dialect: pages by <c>limit</c>, <c>after_id</c> and <c>before_id</c>.</summary>
internal static class MessageModels
{
    private const int DefaultLimit = 20;
    private const int MaxLimit = 1000;

    /// <summary>Clients of that dialect say so in every request.</summary>
    public static bool IsAsked(HttpContext http) => http.Request.Headers.ContainsKey("anthropic-version");

    /// <summary>One page of <paramref name="all"/>.</summary>
    /// <exception cref="HearthException">The limit is no number from 1 to 1000, or an id is not in the list.</exception>
    public static MessageModelList Page(HttpContext http, IReadOnlyList<MessageModel> all)
    {
        var limit = LimitOf(http);
        var (after, before) = (IndexOf(http, "after_id", all), IndexOf(http, "before_id", all));
        // Backwards, the page ends just before the id.
        var rest = before is { } end ? all.Take(end).TakeLast(limit + 1).ToList() : all.Skip(after + 1 ?? 0).Take(limit + 1).ToList();
        var page = before is null ? rest.Take(limit).ToList() : rest.TakeLast(limit).ToList();
        return new() { Data = page, HasMore = rest.Count > page.Count, FirstId = page.FirstOrDefault()?.Id, LastId = page.LastOrDefault()?.Id };
    }

    public static MessageModel ToContract(Stored<ModelRecord> model, ModelFacts? facts, string displayName) => new()
    {
        Id = model.Name.Value,
        DisplayName = displayName == "" ? model.Name.Id : displayName,
        CreatedAt = model.Row.CreateTime.ToUniversalTime(),
        MaxInputTokens = facts?.ContextLength ?? 0,
    };

    private static int LimitOf(HttpContext http)
    {
        var text = http.Request.Query["limit"].FirstOrDefault();
        if (string.IsNullOrEmpty(text)) return DefaultLimit;
        return int.TryParse(text, CultureInfo.InvariantCulture, out var limit) && limit is >= 1 and <= MaxLimit
            ? limit
            : throw SamplingRules.Fault("limit", $"must be a whole number from 1 to {MaxLimit}.");
    }

    private static int? IndexOf(HttpContext http, string field, IReadOnlyList<MessageModel> all)
    {
        var id = http.Request.Query[field].FirstOrDefault();
        if (string.IsNullOrEmpty(id)) return null;
        var index = all.ToList().FindIndex(model => model.Id == id);
        return index >= 0 ? index : throw SamplingRules.Fault(field, $"'{id}' is not in the list.");
    }
}
