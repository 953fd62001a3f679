using System.Text.Json;
using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>How one collection is listed. <paramref name="Map"/> makes the contract of a row.</summary>
internal sealed record Listed(string Kind, Type Contract, Func<ResourceRow, object> Map)
{
    public string DefaultOrder { get; init; } = "name";
    /// <summary>Plural on the wire.</summary>
    public string Plural { get; init; } = Kind;
    /// <summary>Rows that this caller may not see.</summary>
    public Func<ResourceRow, bool>? Hidden { get; init; }
    /// <summary>The rows where they lie below several parents; null: those below the one that is listed.</summary>
    public Func<CancellationToken, ValueTask<IReadOnlyList<ResourceRow>>>? Rows { get; init; }
}

/// <summary>
/// The one implementation of lists. The default orders walk an index, page by page; a filter scans along it;
/// any other order sorts the whole collection.
/// </summary>
internal sealed class Lister(IStore store, PageTokens tokens)
{
    private const int ScanPage = 500;
    private const int MaxExactTotal = 10_000; // docs/decisions/0002-defaults.md

    public async Task<object> ListAsync(Call call, string parent, Listed listed)
    {
        var query = ListQuery.Bind(call, listed.Contract, listed.DefaultOrder);
        var after = query.PageToken is null ? null : tokens.Read(query.PageToken, query.Fingerprint);
        var scan = new Scan(store, listed, query, parent, call.Cancelled);
        var page = await scan.PageAsync(after, query.PageSize + 1);
        var shown = page.Take(query.PageSize).ToList();
        var next = page.Count > query.PageSize ? tokens.Write(Key(shown[^1].Row), query.Fingerprint) : "";
        return new Dictionary<string, object>
        {
            [listed.Plural] = shown.Select(match => query.Mask.Apply(match.Contract)).ToList(),
            ["nextPageToken"] = next,
            ["totalSize"] = await scan.TotalAsync(),
        };
    }

    private static ResourceKey Key(ResourceRow row) => new(row.Name.Value, row.CreateTime);

    private readonly record struct Match(ResourceRow Row, object Contract);

    /// <summary>One list's walk.</summary>
    private sealed class Scan(IStore store, Listed listed, ListQuery query, string parent, CancellationToken cancellationToken)
    {
        private bool IsFiltered => query.Filter is not null || listed.Hidden is not null || listed.Rows is not null;

        public async ValueTask<List<Match>> PageAsync(ResourceKey? after, int count)
        {
            if (IndexOrder() is { } order) return await TakeAsync(MatchesAsync(order with { After = after }), count);
            var all = await TakeAsync(MatchesAsync(new ResourceQuery(listed.Kind, parent) { IncludeDeleted = query.ShowDeleted }), int.MaxValue);
            var sorted = Sort(all);
            var start = after is null ? 0 : sorted.FindIndex(match => match.Row.Name.Value == after.Name) + 1;
            if (after is not null && start == 0) throw HearthException.Invalid("pageToken points at a row that is gone. Start again without it.");
            return sorted.Skip(start).Take(count).ToList();
        }

        public async ValueTask<int> TotalAsync()
        {
            if (!IsFiltered) return (int)Math.Min(int.MaxValue, await store.CountAsync(listed.Kind, parent, query.ShowDeleted, cancellationToken));
            var matches = MatchesAsync(new ResourceQuery(listed.Kind, parent) { IncludeDeleted = query.ShowDeleted });
            var total = (await TakeAsync(matches, MaxExactTotal + 1)).Count;
            return total > MaxExactTotal ? 0 : total;
        }

        private ResourceQuery? IndexOrder() => listed.Rows is null && query.Order is [{ Path: [var field], Descending: var descending }] && field is "name" or "createTime"
            ? new(listed.Kind, parent) { Order = field == "name" ? ResourceOrder.Name : ResourceOrder.CreateTime, Descending = descending, IncludeDeleted = query.ShowDeleted }
            : null;

        private async IAsyncEnumerable<Match> MatchesAsync(ResourceQuery walk)
        {
            await foreach (var row in listed.Rows is null ? WalkAsync(walk) : AllAsync(listed.Rows))
            {
                if (listed.Hidden?.Invoke(row) == true) continue;
                var contract = listed.Map(row);
                if (query.Filter?.Matches(ToJson(contract)) != false) yield return new(row, contract);
            }
        }

        private async IAsyncEnumerable<ResourceRow> WalkAsync(ResourceQuery walk)
        {
            while (true)
            {
                var limit = IsFiltered || query.PageSize + 1 > ScanPage ? ScanPage : query.PageSize + 1;
                var rows = await store.ListAsync(walk with { Limit = limit }, cancellationToken);
                foreach (var row in rows) yield return row;
                if (rows.Count < limit) yield break;
                walk = walk with { After = Key(rows[^1]) };
            }
        }

        private async IAsyncEnumerable<ResourceRow> AllAsync(Func<CancellationToken, ValueTask<IReadOnlyList<ResourceRow>>> rows)
        {
            foreach (var row in await rows(cancellationToken)) yield return row;
        }

        private static async ValueTask<List<Match>> TakeAsync(IAsyncEnumerable<Match> matches, int count)
        {
            var taken = new List<Match>();
            await foreach (var match in matches)
            {
                taken.Add(match);
                if (taken.Count == count) break;
            }
            return taken;
        }

        private List<Match> Sort(List<Match> all)
        {
            var keyed = all.Select(match => (Match: match, Json: ToJson(match.Contract))).ToList();
            keyed.Sort((a, b) =>
            {
                foreach (var field in query.Order)
                {
                    var order = Compare(field.Kind, FieldPath.Find(a.Json, field.Path), FieldPath.Find(b.Json, field.Path));
                    if (order != 0) return field.Descending ? -order : order;
                }
                return string.CompareOrdinal(a.Match.Row.Name.Value, b.Match.Row.Name.Value);
            });
            return [.. keyed.Select(one => one.Match)];
        }

        // What is absent comes first; an absent text is an empty one.
        private static int Compare(FieldKind kind, JsonElement? a, JsonElement? b)
        {
            var (first, second) = (Text(a), Text(b));
            if (kind != FieldKind.Text && (first == "" || second == "")) return (first == "" ? 0 : 1) - (second == "" ? 0 : 1);
            return (kind == FieldKind.Unknown ? null : FieldKinds.Compare(kind, first, second)) ?? string.CompareOrdinal(first, second);
        }

        private static string Text(JsonElement? element) => element?.ToString() ?? "";

        private JsonElement ToJson(object contract) => JsonSerializer.SerializeToElement(contract, listed.Contract, ContractJson.Options);
    }
}
