using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Hearth.Server.Tests;

/// <summary>A random list query, and what it should answer: an independent reading of filter, order and mask over the twin's resources.</summary>
public sealed class RandomQuery
{
    private enum Kind { Text, Number, Time, Flag }

    private sealed record Field(string[] Path, Kind Kind);

    private sealed record Condition(string Text, Func<JsonObject, bool> Holds);

    private readonly Random _random;
    private readonly IReadOnlyList<JsonObject> _all;
    private readonly List<Field> _fields;
    private readonly string _key;

    private RandomQuery(CollectionContract contract, Collection collection, IReadOnlyList<JsonObject> all, Random random)
    {
        (_random, _all, _key) = (random, all, collection.Key);
        _fields = [.. Scalars(contract, collection, contract.Item, []).Where(field => !collection.Once.Contains(field.Path[0]) && !collection.Drifting.Contains(field.Path[0]))];
    }

    /// <summary>Address query without page size and token; empty, or beginning with <c>&amp;</c>.</summary>
    public string Text { get; private set; } = "";

    /// <summary>The answer, all pages joined.</summary>
    public IReadOnlyList<JsonObject> Expected { get; private set; } = [];

    public static RandomQuery Of(CollectionContract contract, Collection collection, IReadOnlyList<JsonObject> all, Random random)
    {
        var query = new RandomQuery(contract, collection, all, random);
        var condition = random.Next(2) == 0 ? null : query.AnyCondition(2);
        var order = random.Next(2) == 0 ? [] : query.AnyOrder();
        var mask = random.Next(3) > 0 ? [] : query.AnyMask();
        if (condition is not null) query.Text += "&filter=" + Uri.EscapeDataString(condition.Text);
        if (order.Count > 0) query.Text += "&orderBy=" + Uri.EscapeDataString(string.Join(", ", order.Select(one => query.Spelled(one.Field) + (one.Descending ? " desc" : ""))));
        if (mask.Count > 0) query.Text += "&readMask=" + Uri.EscapeDataString(string.Join(',', mask.Select(query.Spelled)));
        var chosen = all.Where(resource => condition?.Holds(resource) != false).ToList();
        chosen.Sort((a, b) => query.Compare(a, b, order.Count > 0 ? order : [(query.Default(collection), false)]));
        query.Expected = mask.Count == 0 ? chosen : [.. chosen.Select(resource => Masked(resource, mask.Select(field => field.Path)))];
        return query;
    }

    /// <summary>Only the fields that a read mask names.</summary>
    public static JsonObject Masked(JsonObject resource, IEnumerable<string[]> paths)
    {
        var kept = new JsonObject();
        foreach (var group in paths.GroupBy(path => path[0]).Where(group => resource.ContainsKey(group.Key)))
        {
            var deeper = group.Where(path => path.Length > 1).Select(path => path[1..]).ToList();
            kept[group.Key] = deeper.Count == group.Count() && resource[group.Key] is JsonObject inner ? Masked(inner, deeper) : resource[group.Key]?.DeepClone();
        }
        return kept;
    }

    /// <summary>Fields that a mask may name, as paths.</summary>
    public static IReadOnlyList<string[]> Paths(CollectionContract contract, Collection collection) => [.. Scalars(contract, collection, contract.Item, []).Select(field => field.Path)];

    private Field Default(Collection collection) => collection.DefaultOrder == "name" ? new([collection.Key], Kind.Text) : new(["createTime"], Kind.Time);

    private static IEnumerable<Field> Scalars(CollectionContract contract, Collection collection, JsonElement schema, string[] path)
    {
        foreach (var property in schema.GetProperty("properties").EnumerateObject())
        {
            var inner = contract.Resolve(property.Value);
            string[] here = [.. path, property.Name];
            if (inner.TryGetProperty("properties", out _) && path.Length < 2)
                foreach (var field in Scalars(contract, collection, inner, here)) yield return field;
            else if (KindOf(collection, property.Name, inner) is { } kind)
                yield return new(here, kind);
        }
    }

    private static Kind? KindOf(Collection collection, string name, JsonElement schema)
    {
        if (schema.TryGetProperty("enum", out _)) return Kind.Text;
        if (!schema.TryGetProperty("type", out var type)) return null;
        return type.GetString() switch
        {
            "integer" or "number" => Kind.Number,
            "boolean" => Kind.Flag,
            "string" when schema.TryGetProperty("format", out var format) && format.ValueEquals("date-time") => Kind.Time,
            "string" => RandomValues.Int64Fields.Contains(name) || collection.Int64.Contains(name) ? Kind.Number : Kind.Text,
            _ => null,
        };
    }

    // Printed without parentheses where AIP-160's precedence (OR binds tighter than AND) allows.
    private Condition AnyCondition(int depth)
    {
        if (depth == 0 || _random.Next(3) == 0) return AnyRestriction();
        var (a, b) = (AnyCondition(depth - 1), AnyCondition(depth - 1));
        return _random.Next(4) switch
        {
            0 => new($"({a.Text}) OR ({b.Text})", resource => a.Holds(resource) || b.Holds(resource)),
            1 => new($"({a.Text}) AND ({b.Text})", resource => a.Holds(resource) && b.Holds(resource)),
            2 => new($"NOT ({a.Text})", resource => !a.Holds(resource)),
            _ => Flat(AnyRestriction(), AnyRestriction(), AnyRestriction()),
        };

        Condition Flat(Condition x, Condition y, Condition z) => _random.Next(2) == 0
            ? new($"{x.Text} OR {y.Text} AND {z.Text}", resource => (x.Holds(resource) || y.Holds(resource)) && z.Holds(resource))
            : new($"{x.Text} -{y.Text} OR {z.Text}", resource => x.Holds(resource) && (!y.Holds(resource) || z.Holds(resource)));
    }

    private Condition AnyRestriction()
    {
        var field = _fields[_random.Next(_fields.Count)];
        var value = _all.Count > 0 ? Find(_all[_random.Next(_all.Count)], field.Path) : null;
        var wanted = value is null ? Invented(field.Kind) : Plain(value);
        var comparison = field.Kind == Kind.Flag ? Pick("=", "!=") : Pick("=", "!=", "<", "<=", ">", ">=", ":");
        if (field.Kind == Kind.Text && comparison is "=" or ":" && wanted.Length > 2 && !wanted.Contains('*') && _random.Next(4) == 0)
        {
            var start = wanted[..(wanted.Length / 2)];
            return new($"{Spelled(field)}{comparison}{Quoted(start + "*")}", resource => Find(resource, field.Path) is { } found && Plain(found).StartsWith(start, StringComparison.Ordinal));
        }
        return new($"{Spelled(field)}{comparison}{Quoted(wanted)}", resource => Holds(Find(resource, field.Path), field.Kind, comparison, wanted));
    }

    private static bool Holds(JsonNode? found, Kind kind, string comparison, string wanted)
    {
        if (found is null) return comparison == "!=";
        var order = Compare(Plain(found), wanted, kind);
        return comparison switch
        {
            "=" or ":" => order == 0,
            "!=" => order != 0,
            "<" => order < 0,
            "<=" => order <= 0,
            ">" => order > 0,
            _ => order >= 0,
        };
    }

    private List<(Field Field, bool Descending)> AnyOrder() =>
        [.. Enumerable.Range(0, _random.Next(1, 3)).Select(_ => (_fields[_random.Next(_fields.Count)], _random.Next(2) == 0))];

    private List<Field> AnyMask() => [.. Enumerable.Range(0, _random.Next(1, 4)).Select(_ => _fields[_random.Next(_fields.Count)])];

    private int Compare(JsonObject a, JsonObject b, IReadOnlyList<(Field Field, bool Descending)> order)
    {
        foreach (var (field, descending) in order)
        {
            var (x, y) = (Find(a, field.Path), Find(b, field.Path));
            // What is absent comes first; an absent text is an empty one.
            var compared = field.Kind == Kind.Text ? string.CompareOrdinal(x?.ToString() ?? "", y?.ToString() ?? "") : x is null || y is null ? (x is null ? 0 : 1) - (y is null ? 0 : 1) : Compare(Plain(x), Plain(y), field.Kind);
            if (compared != 0) return descending ? -compared : compared;
        }
        // The order that an index walks keeps its direction among equals.
        var tie = string.CompareOrdinal(Plain(a[_key]!), Plain(b[_key]!));
        return order is [{ Field.Path: ["createTime"], Descending: true }] ? -tie : tie;
    }

    private static int Compare(string a, string b, Kind kind) => kind switch
    {
        Kind.Number => decimal.Parse(a, NumberStyles.Float, CultureInfo.InvariantCulture).CompareTo(decimal.Parse(b, NumberStyles.Float, CultureInfo.InvariantCulture)),
        Kind.Time => DateTimeOffset.Parse(a, CultureInfo.InvariantCulture).CompareTo(DateTimeOffset.Parse(b, CultureInfo.InvariantCulture)),
        _ => string.CompareOrdinal(a, b),
    };

    private static JsonNode? Find(JsonNode? node, string[] path)
    {
        foreach (var name in path) node = (node as JsonObject)?[name];
        return node;
    }

    private static string Plain(JsonNode node) => node.GetValueKind() == JsonValueKind.String ? node.GetValue<string>() : node.ToJsonString();

    private string Invented(Kind kind) => kind switch
    {
        Kind.Number => _random.Next(100).ToString(CultureInfo.InvariantCulture),
        Kind.Time => "2027-01-01T00:00:00Z",
        Kind.Flag => Pick("true", "false"),
        _ => Pick("", "READY", "alpha"),
    };

    private string Spelled(Field field) => string.Join('.', _random.Next(2) == 0 ? field.Path : field.Path.Select(JsonNamingPolicy.SnakeCaseLower.ConvertName));

    private static string Quoted(string value) => $"\"{value.Replace("\\", "\\\\").Replace("\"", "\\\"")}\"";

    private string Pick(params string[] choices) => choices[_random.Next(choices.Length)];
}
