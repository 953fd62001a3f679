using System.Globalization;
using System.Text.Json;
using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>The query of every list, bound in one place: page size, token, filter, order, read mask.</summary>
internal sealed record ListQuery(int PageSize, string? PageToken, FilterNode? Filter, IReadOnlyList<OrderField> Order, ReadMask Mask, bool ShowDeleted, string Fingerprint)
{
    private const int DefaultPageSize = 50;
    private const int MaxPageSize = 200;

    /// <summary>Fields are checked against <paramref name="contract"/>; the default order is by name, or by creation time for jobs and deployments.</summary>
    public static ListQuery Bind(Call call, Type contract, string defaultOrder)
    {
        var filter = call.Query("filter");
        var order = call.Query("orderBy") ?? defaultOrder;
        var node = filter is null ? null : FilterSyntax.Parse(filter);
        foreach (var restriction in node?.Restrictions ?? []) restriction.Kind = KindOf(contract, restriction.Path, "filter");
        var fields = ParseOrder(order).Select(field => field with { Kind = KindOf(contract, field.Path, "orderBy") }).ToList();
        var deleted = call.Flag("showDeleted");
        return new(ParsePageSize(call.Query("pageSize")), call.Query("pageToken"), node, fields, ReadMask.Parse(call.Query("readMask")), deleted, $"{call.Http.Request.Path}\n{filter}\n{order}\n{deleted}");
    }

    private static int ParsePageSize(string? text)
    {
        if (text is null) return DefaultPageSize;
        if (!int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var size) || size < 0)
            throw HearthException.Invalid($"pageSize must be a whole number of 0 or more, not '{text}'.");
        return size == 0 ? DefaultPageSize : Math.Min(size, MaxPageSize);
    }

    private static IReadOnlyList<OrderField> ParseOrder(string text) => [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(part =>
    {
        var words = part.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length > 2 || (words.Length == 2 && words[1] is not ("asc" or "desc")))
            throw HearthException.Invalid($"orderBy '{part}' is not a field, optionally followed by asc or desc.");
        return new OrderField([.. words[0].Split('.').Select(FieldPath.CamelCase)], words is [_, "desc"]);
    })];

    /// <exception cref="HearthException">There is no such field.</exception>
    private static FieldKind KindOf(Type contract, string[] path, string parameter)
    {
        var type = contract;
        foreach (var segment in path)
        {
            var info = ContractJson.Options.GetTypeInfo(type);
            if (info.Kind != System.Text.Json.Serialization.Metadata.JsonTypeInfoKind.Object) return FieldKind.Unknown; // map keys and list items are free
            var property = info.Properties.FirstOrDefault(property => property.Name == segment)
                ?? throw new HearthException(ErrorCode.InvalidArgument, $"{parameter}: there is no field '{string.Join('.', path)}'.") { Param = parameter };
            type = property.PropertyType;
        }
        return FieldKinds.Of(type);
    }
}

/// <summary>One field of an order.</summary>
internal sealed record OrderField(string[] Path, bool Descending)
{
    public FieldKind Kind { get; init; }
}

/// <summary>Which fields to answer; everything where it is empty or <c>*</c>.</summary>
internal sealed record ReadMask(IReadOnlyList<string[]> Paths)
{
    public static ReadMask Parse(string? text) => new(text is null or "*"
        ? []
        : [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(path => path.Split('.').Select(FieldPath.CamelCase).ToArray())]);

    public object Apply(object resource)
    {
        if (Paths.Count == 0) return resource;
        return Cut(JsonSerializer.SerializeToElement(resource, resource.GetType(), ContractJson.Options), Paths);
    }

    private static Dictionary<string, object> Cut(JsonElement element, IEnumerable<string[]> paths)
    {
        var kept = new Dictionary<string, object>();
        foreach (var group in paths.GroupBy(path => path[0]))
        {
            if (!element.TryGetProperty(group.Key, out var field)) continue;
            var deeper = group.Where(path => path.Length > 1).Select(path => path[1..]).ToList();
            kept[group.Key] = deeper.Count == group.Count() && field.ValueKind == JsonValueKind.Object ? Cut(field, deeper) : field;
        }
        return kept;
    }
}
