using static Hearth.Grammars.GrammarExpression;

namespace Hearth.Grammars;

/// <summary>Draws an object: listed members in their order, optional ones may be left out, then others.</summary>
internal sealed class ObjectRule(GrammarBuilder builder, SchemaDocument document, RuleBuilder rule, Func<IEnumerable<Schema>, int> ruleOf)
{
    private static readonly GrammarExpression Space = new Call(SharedRules.Space);

    public void Read(SchemaShape shape)
    {
        var members = new ObjectShape(document, shape.Schemas);
        var names = NamePatterns(members);
        var others = Others(members, names);
        if (members.Names.Count == 0)
        {
            ReadOthersOnly(shape, others);
            return;
        }
        CheckCounts(shape, members, others);

        // Behind a brace or comma a name may come, from the i-th listed one on; behind a member a comma or the end.
        int open = rule.Read(rule.Start, Then(Text("{"), Space));
        if (members.Required.Count == 0) rule.Read(open, Text("}"), rule.End);
        int name = open, close = rule.NewState();
        rule.Read(close, Then(Space, Text("}")), rule.End);
        int lastRequired = members.Names.FindLastIndex(members.Required.Contains);
        int? before = null; // behind a member, when the i-th is the next that may come
        for (int i = 0; i < members.Names.Count; i++)
        {
            string listed = members.Names[i];
            int behind = rule.NewState(), next = rule.NewState();
            if (names.All(pattern => pattern.Matches(listed)))
                rule.Read(name, Then(JsonText.Quoted(listed), Text(":"), Space, new Call(ruleOf(members.ValueOf(listed)))), behind);
            if (!members.Required.Contains(listed))
            {
                rule.Skip(name, next);
                if (before is { } skipped) rule.Skip(skipped, behind);
            }
            if (i >= lastRequired) rule.Skip(behind, close);
            rule.Read(behind, Then(Text(","), Space), next);
            (name, before) = (next, behind);
        }
        if (others is null) return;
        int more = rule.Read(name, others);
        rule.Skip(more, close);
        rule.Read(more, Then(Text(","), Space), name);
    }

    private void ReadOthersOnly(SchemaShape shape, GrammarExpression? others)
    {
        int? most = others is null ? 0 : shape.MaxProperties;
        if (most < shape.MinProperties) return;
        if (others is not null && shape.MinProperties == 0 && most is null && ReferenceEquals(others, AnyMember)) rule.Read(rule.Start, new Call(SharedRules.Object), rule.End);
        else rule.Read(rule.Start, SharedRules.ListOf("{", others ?? Nothing, shape.MinProperties, most, "}"), rule.End);
    }

    private static readonly GrammarExpression AnyMember = Then(new Call(SharedRules.String), Text(":"), Space, new Call(SharedRules.Value));

    // A member that is not listed; null: there is none.
    private GrammarExpression? Others(ObjectShape members, List<CharacterAutomaton> names)
    {
        if (members.Patterns.Count > 1) throw members.Patterns[1].Schema.Fault("", "is a second pattern of one object; one is supported, since names may match both. Join them.");
        if (members.Patterns.Count == 1 && members.IsOpen) throw members.Patterns[0].Schema.Fault("", "stands beside additionalProperties that allow others. Set additionalProperties to false.");
        if (members.Patterns.Count == 0 && !members.IsOpen) return null;
        List<Schema> values = members.Patterns.Count == 1 ? [members.Patterns[0].Schema] : members.OtherValues();
        if (values.Exists(value => value.Json.ValueKind == System.Text.Json.JsonValueKind.False)) return null;
        var allowed = names.Concat(members.Patterns.Select(pattern => pattern.Names)).ToList();
        if (members.Names.Count > 0) allowed.Add(CharacterAutomaton.NotIn(members.Names));
        int value = ruleOf(values);
        if (allowed.Count == 0) return value == SharedRules.Value ? AnyMember : Then(new Call(SharedRules.String), Text(":"), Space, new Call(value));
        int name = builder.Declare();
        var drawn = builder.Define(name);
        int from = drawn.Read(drawn.Start, Text("\"")), to = drawn.NewState();
        allowed.Aggregate((a, b) => a.And(b)).Draw(drawn, from, to, JsonText.Characters);
        drawn.Read(to, Text("\""), drawn.End);
        return Then(new Call(name), Text(":"), Space, new Call(value));
    }

    private static List<CharacterAutomaton> NamePatterns(ObjectShape members)
    {
        var patterns = new List<CharacterAutomaton>();
        foreach (var schema in members.NameSchemas)
        {
            if (schema.Json.ValueKind == System.Text.Json.JsonValueKind.True) continue;
            Keywords.Check(schema);
            foreach (string keyword in (string[])["$ref", "allOf", "anyOf", "oneOf", "enum", "const"])
                if (schema[keyword] is not null) throw schema.Fault(keyword, "is not supported in propertyNames. Use pattern, format, minLength and maxLength, or list the properties.");
            var shape = new SchemaShape([schema]);
            if (schema.Json.ValueKind == System.Text.Json.JsonValueKind.False || !shape.Types.HasFlag(JsonTypes.String)) throw schema.Fault("", "allows no name. Set maxProperties to 0 instead.");
            if (shape.HasPatterns || shape.MinLength > 0 || shape.MaxLength is not null) patterns.Add(shape.Strings());
        }
        return patterns;
    }

    private static void CheckCounts(SchemaShape shape, ObjectShape members, GrammarExpression? others)
    {
        if (shape.MinProperties > members.Required.Count) throw shape.Schemas[0].Fault("minProperties", "is not supported beside listed properties. Name the required ones in required.");
        if (shape.MaxProperties is { } most && (others is not null || most < members.Names.Count)) throw shape.Schemas[0].Fault("maxProperties", "is not supported beside listed properties. List fewer, or write the cases as alternatives of anyOf.");
    }
}
