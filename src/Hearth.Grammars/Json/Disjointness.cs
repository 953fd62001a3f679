using System.Text.Json;

namespace Hearth.Grammars;

/// <summary>Shows, where it can, that no value is valid under two schemas.</summary>
internal sealed class Disjointness(SchemaDocument document, InstanceCheck check, Func<IEnumerable<Schema>, List<IReadOnlyList<Schema>>> expand)
{
    private const int MostDepth = 8;
    private int _depth;

    public bool Of(IEnumerable<Schema> one, IEnumerable<Schema> other)
    {
        if (++_depth > MostDepth)
        {
            _depth--;
            return false;
        }
        var others = expand(other);
        bool disjoint = expand(one).All(a => others.All(b => Branches(a, b)));
        _depth--;
        return disjoint;
    }

    private bool Branches(IReadOnlyList<Schema> one, IReadOnlyList<Schema> other)
    {
        SchemaShape a = new(one), b = new(other);
        if (a.Values is { } values) return !values.Any(value => check.HoldsAlone(one, value) && check.HoldsAlone(other, value));
        if (b.Values is not null) return Branches(other, one);
        var common = a.Types & b.Types;
        foreach (var type in Enum.GetValues<JsonTypes>())
            if (System.Numerics.BitOperations.IsPow2((int)type) && (common & type) != 0 && !OfType(type, a, b)) return false;
        return true;
    }

    private bool OfType(JsonTypes type, SchemaShape a, SchemaShape b) => type switch
    {
        JsonTypes.Integer or JsonTypes.Fraction => a.Bounds is var low && b.Bounds is var high && (AreApart(low, high) || AreApart(high, low)),
        JsonTypes.String => (a.HasPatterns && b.HasPatterns && a.Strings().And(b.Strings()).IsEmpty) || a.MaxLength < b.MinLength || b.MaxLength < a.MinLength,
        JsonTypes.Array => a.MaxItems < b.MinItems || b.MaxItems < a.MinItems,
        JsonTypes.Object => Objects(new(document, a.Schemas), new(document, b.Schemas)),
        _ => false,
    };

    private static bool AreApart(NumberBounds below, NumberBounds above) =>
        below.High is { } high && above.Low is { } low && (high < low || (high == low && (below.HighIsOut || above.LowIsOut)));

    // A member that one requires and the other forbids, or that both may have only with different values and one of them must have.
    private bool Objects(ObjectShape a, ObjectShape b) => Requires(a, b) || Requires(b, a);

    private bool Requires(ObjectShape a, ObjectShape b) => a.Required.Any(name =>
    {
        var other = b.ValueOf(name);
        if (other.Exists(schema => schema.Json.ValueKind == JsonValueKind.False)) return true;
        // Required by one, optional in the other: an object without it is still no value of both.
        return Of(a.ValueOf(name), other);
    });
}
