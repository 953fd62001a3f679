using System.Text.Json;
using static Hearth.Grammars.GrammarExpression;

namespace Hearth.Grammars;

/// <summary>
/// Translates a schema to rules: one for each list of schemas that must hold for a value together. Such lists are the same for the same place in a recursive
/// schema, so there are finitely many.
/// </summary>
internal sealed class SchemaCompiler
{
    private readonly SchemaDocument _document;
    private readonly SchemaExpander _expander;
    private readonly InstanceCheck _check;
    private readonly GrammarBuilder _builder = SharedRules.NewBuilder();
    private readonly Dictionary<string, int> _rules = [];
    private readonly Queue<(int Rule, List<Schema> Schemas)> _open = new();

    private SchemaCompiler(SchemaDocument document)
    {
        _document = document;
        Disjointness? disjointness = null;
        _expander = new(document) { AreDisjoint = (one, other) => disjointness!.Of([one], [other]) };
        _check = new(document, _expander.Expand);
        disjointness = new(document, _check, _expander.Expand);
    }

    public static ByteGrammar Compile(string json)
    {
        var document = SchemaDocument.Parse(json);
        return new SchemaCompiler(document).Compile(document.Root);
    }

    private ByteGrammar Compile(Schema root)
    {
        int value = RuleOf([root]);
        int whole = _builder.Add(Then(new Call(SharedRules.Space), new Call(value)));
        while (_open.TryDequeue(out var next)) Define(_builder.Define(next.Rule), next.Schemas);
        return _builder.Build(whole);
    }

    private int RuleOf(IEnumerable<Schema> schemas)
    {
        List<Schema> all = [.. schemas.Where(schema => schema.Json.ValueKind != JsonValueKind.True).DistinctBy(schema => schema.Id).OrderBy(schema => schema.Id)];
        if (all.Count == 0) return SharedRules.Value;
        string key = string.Join(',', all.Select(schema => schema.Id));
        if (_rules.TryGetValue(key, out int rule)) return rule;
        _rules[key] = rule = _builder.Declare();
        _open.Enqueue((rule, all));
        return rule;
    }

    private void Define(RuleBuilder rule, List<Schema> schemas)
    {
        foreach (var branch in _expander.Expand(schemas)) Define(rule, new SchemaShape(branch));
    }

    private void Define(RuleBuilder rule, SchemaShape shape)
    {
        if (shape.Schemas.Count == 0)
        {
            rule.Read(rule.Start, new Call(SharedRules.Value), rule.End);
            return;
        }
        if (shape.Values is { } values)
        {
            foreach (var value in values)
                if (_check.Holds(shape, value)) rule.Read(rule.Start, JsonText.Value(value), rule.End);
            return;
        }
        if (shape.Types.HasFlag(JsonTypes.Null)) rule.Read(rule.Start, Text("null"), rule.End);
        if (shape.Types.HasFlag(JsonTypes.Boolean)) rule.Read(rule.Start, Either(Text("true"), Text("false")), rule.End);
        if ((shape.Types & JsonTypes.Number) != 0) ReadNumber(rule, shape);
        if (shape.Types.HasFlag(JsonTypes.String)) ReadString(rule, shape);
        if (shape.Types.HasFlag(JsonTypes.Array)) ReadArray(rule, shape);
        if (shape.Types.HasFlag(JsonTypes.Object)) new ObjectRule(_builder, _document, rule, RuleOf).Read(shape);
    }

    private static void ReadNumber(RuleBuilder rule, SchemaShape shape)
    {
        bool isWhole = !shape.Types.HasFlag(JsonTypes.Fraction);
        if (!shape.Bounds.IsBounded && shape.Multiples.Count == 0)
        {
            rule.Read(rule.Start, new Call(isWhole ? SharedRules.Integer : SharedRules.Number), rule.End);
            return;
        }
        string? range = isWhole ? NumberRange.Integers(shape.Bounds) : NumberRange.Numbers(shape.Bounds);
        if (range is null) return;
        var numbers = shape.Multiples.Aggregate(RegexCompiler.Compile($"^(?:{range})$"), (all, multiple) => all.And(multiple));
        numbers.Draw(rule, rule.Start, rule.End, set => new Character(set));
    }

    private static void ReadString(RuleBuilder rule, SchemaShape shape)
    {
        if (shape.HasPatterns)
        {
            int from = rule.Read(rule.Start, Text("\"")), to = rule.NewState();
            shape.Strings().Draw(rule, from, to, JsonText.Characters);
            rule.Read(to, Text("\""), rule.End);
        }
        else if (shape.MinLength == 0 && shape.MaxLength is null) rule.Read(rule.Start, new Call(SharedRules.String), rule.End);
        else if (shape.MaxLength is not { } most || most >= shape.MinLength)
            rule.Read(rule.Start, Then(Text("\""), Many(SharedRules.StringCharacter, shape.MinLength, shape.MaxLength), Text("\"")), rule.End);
    }

    private void ReadArray(RuleBuilder rule, SchemaShape shape)
    {
        var items = new ArrayShape(_document, shape.Schemas);
        int? most = items.Most is { } closed && !(shape.MaxItems < closed) ? closed : shape.MaxItems;
        if (most < shape.MinItems) return;
        if (items.Listed == 0)
        {
            // An item that cannot be leaves the empty list.
            rule.Read(rule.Start, SharedRules.ListOf("[", most == 0 ? Nothing : new Call(RuleOf(items.ItemAt(0)!)), shape.MinItems, most, "]"), rule.End);
            return;
        }
        var (comma, space) = (Then(Text(","), new Call(SharedRules.Space)), new Call(SharedRules.Space));
        int listed = Math.Min(items.Listed, most ?? int.MaxValue), close = rule.NewState(), at = rule.Read(rule.Start, Then(Text("["), space));
        if (shape.MinItems == 0) rule.Read(at, Text("]"), rule.End);
        for (int i = 0; i < listed; i++)
        {
            if (i > 0) at = rule.Read(at, comma);
            at = rule.Read(at, new Call(RuleOf(items.ItemAt(i)!)));
            if (i + 1 >= shape.MinItems) rule.Skip(at, close);
        }
        if (!(most <= listed))
            rule.Read(at, Many(Then(comma, new Call(RuleOf(items.ItemAt(listed)!))), Math.Max(0, shape.MinItems - listed), most - listed), close);
        rule.Read(close, Then(space, Text("]")), rule.End);
    }
}
