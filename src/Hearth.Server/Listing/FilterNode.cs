using System.Text.Json;
using System.Text.RegularExpressions;

namespace Hearth.Server;

/// <summary>A filter's condition on a resource's JSON.</summary>
internal abstract record FilterNode
{
    public abstract bool Matches(JsonElement resource);

    /// <summary>Every comparison in the filter.</summary>
    public abstract IEnumerable<Restriction> Restrictions { get; }
}

internal sealed record AllOf(FilterNode First, FilterNode Second) : FilterNode
{
    public override bool Matches(JsonElement resource) => First.Matches(resource) && Second.Matches(resource);
    public override IEnumerable<Restriction> Restrictions => First.Restrictions.Concat(Second.Restrictions);
}

internal sealed record AnyOf(FilterNode First, FilterNode Second) : FilterNode
{
    public override bool Matches(JsonElement resource) => First.Matches(resource) || Second.Matches(resource);
    public override IEnumerable<Restriction> Restrictions => First.Restrictions.Concat(Second.Restrictions);
}

internal sealed record Not(FilterNode Inner) : FilterNode
{
    public override bool Matches(JsonElement resource) => !Inner.Matches(resource);
    public override IEnumerable<Restriction> Restrictions => Inner.Restrictions;
}

internal enum Comparison { Equal, NotEqual, Less, AtMost, Greater, AtLeast, Has }

/// <summary>A field compared with a value, by the field's kind. <c>*</c> in text stands for anything; <c>field:*</c> means it is set.</summary>
internal sealed record Restriction(string[] Path, Comparison Comparison, string Value) : FilterNode
{
    /// <summary>Set once the field is known.</summary>
    public FieldKind Kind { get; set; }

    public override IEnumerable<Restriction> Restrictions => [this];

    public override bool Matches(JsonElement resource)
    {
        var found = FieldPath.FindAll(resource, Path).Where(field => field.ValueKind != JsonValueKind.Null).ToList();
        return found.Count == 0 ? Comparison == Comparison.NotEqual : found.Any(MatchesAny);
    }

    private bool MatchesAny(JsonElement field) => field.ValueKind == JsonValueKind.Array ? field.EnumerateArray().Any(MatchesOne) : MatchesOne(field);

    private bool MatchesOne(JsonElement field) => Comparison switch
    {
        Comparison.Has => Value == "*" ? IsSet(field) : field.ValueKind == JsonValueKind.Object ? FieldPath.Find(field, [Value]) is not null : IsLike(field),
        Comparison.Equal => IsLike(field),
        Comparison.NotEqual => !IsLike(field),
        Comparison.Less => Order(field) is < 0,
        Comparison.AtMost => Order(field) is <= 0,
        Comparison.Greater => Order(field) is > 0,
        _ => Order(field) is >= 0,
    };

    private bool IsLike(JsonElement field)
    {
        var text = Text(field);
        if (!Value.Contains('*')) return Order(field) == 0 || string.Equals(text, Value, field.ValueKind is JsonValueKind.True or JsonValueKind.False ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal);
        var pattern = "^" + Regex.Escape(Value).Replace("\\*", ".*") + "$";
        return Regex.IsMatch(text, pattern, RegexOptions.NonBacktracking | RegexOptions.Singleline | RegexOptions.CultureInvariant);
    }

    private int? Order(JsonElement field)
    {
        if (FieldKinds.Compare(Kind, Text(field), Value) is { } order) return order;
        return Kind == FieldKind.Unknown && field.ValueKind == JsonValueKind.String ? string.CompareOrdinal(field.GetString(), Value) : null;
    }

    private static bool IsSet(JsonElement field) => field.ValueKind switch
    {
        JsonValueKind.String => field.GetString() != "",
        JsonValueKind.False => false,
        JsonValueKind.Array => field.GetArrayLength() > 0,
        _ => true,
    };

    private static string Text(JsonElement field) => field.ValueKind == JsonValueKind.String ? field.GetString()! : field.GetRawText();
}

/// <summary>Fields by path, in camelCase or snake_case.</summary>
internal static class FieldPath
{
    public static JsonElement? Find(JsonElement element, ReadOnlySpan<string> path)
    {
        foreach (var segment in path)
        {
            if (element.ValueKind != JsonValueKind.Object) return null;
            if (!element.TryGetProperty(segment, out var next) && !element.TryGetProperty(CamelCase(segment), out next)) return null;
            element = next;
        }
        return element;
    }

    /// <summary>Like <see cref="Find"/>, through every element of lists on the way: <c>messages.role</c>.</summary>
    public static IEnumerable<JsonElement> FindAll(JsonElement element, string[] path, int from = 0)
    {
        for (var i = from; i < path.Length; i++)
        {
            if (element.ValueKind == JsonValueKind.Array) return element.EnumerateArray().SelectMany(item => FindAll(item, path, i)).ToList();
            if (Find(element, [path[i]]) is not { } next) return [];
            element = next;
        }
        return [element];
    }

    public static string CamelCase(string name) => Regex.Replace(name, "_([a-z0-9])", match => match.Groups[1].Value.ToUpperInvariant(), RegexOptions.NonBacktracking);
}
