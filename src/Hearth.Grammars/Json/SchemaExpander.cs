using System.Text.Json;

namespace Hearth.Grammars;

/// <summary>
/// Resolves $ref, allOf, anyOf and oneOf: a list of schemas that all hold becomes alternatives of lists of schemas whose own keywords all hold.
/// </summary>
internal sealed class SchemaExpander(SchemaDocument document)
{
    private const int MostAlternatives = 1_000, MostInAll = 20_000;
    private int _expanded;

    /// <summary>Decides whether no value is valid in two alternatives of oneOf.</summary>
    public required Func<Schema, Schema, bool> AreDisjoint { get; init; }

    /// <exception cref="GrammarException">There are too many alternatives, a schema refers to itself, or those of oneOf overlap.</exception>
    public List<IReadOnlyList<Schema>> Expand(IEnumerable<Schema> schemas)
    {
        var branches = new List<IReadOnlyList<Schema>>();
        Expand(new([.. schemas.Select(schema => new Pending(schema, null))]), branches);
        return branches;
    }

    private void Expand(Draft draft, List<IReadOnlyList<Schema>> branches)
    {
        while (draft.TryTake(out var next))
            if (!Take(draft, next)) return;
        if (draft.TryTakeChoice(out var choice))
        {
            foreach (var option in choice.Options) Expand(draft.With(new(option, choice.Chain)), branches);
            return;
        }
        branches.Add(draft.Schemas);
        if (branches.Count > MostAlternatives || ++_expanded > MostInAll)
            throw new GrammarException($"anyOf and oneOf multiply to more than {MostAlternatives} alternatives for one value, or {MostInAll} in all. Combine fewer of them.", draft.Schemas.Count > 0 ? draft.Schemas[0].Path : "");
    }

    // False: nothing is valid.
    private bool Take(Draft draft, Pending next)
    {
        var schema = next.Schema;
        if (schema.Json.ValueKind == JsonValueKind.False) return false;
        if (schema.Json.ValueKind == JsonValueKind.True) return true;
        if (next.Chain?.Has(schema) == true) throw new GrammarException("The schema refers to itself with no value in between, so it describes nothing. Refer to it from a property or an item.", schema.Path);
        if (!draft.Add(schema)) return true;
        Keywords.Check(schema);
        var chain = new Chain(schema, next.Chain);
        if (schema.Text("$ref") is { } reference) draft.Await(new Pending(document.Follow(schema, reference), chain));
        foreach (var part in Parts(schema, "allOf")) draft.Await(new Pending(part, chain));
        foreach (string keyword in (string[])["anyOf", "oneOf"])
        {
            var options = Parts(schema, keyword);
            if (options.Count == 0) continue;
            if (keyword == "oneOf") CheckDisjoint(schema, options);
            draft.Await(new Choice(options, chain));
        }
        return true;
    }

    private List<Schema> Parts(Schema schema, string keyword)
    {
        if (schema[keyword] is not { } list) return [];
        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() == 0) throw schema.Fault(keyword, "must be a list of schemas, at least one.");
        return [.. list.EnumerateArray().Select((item, i) => document.Child(schema, item, keyword, $"{i}"))];
    }

    private void CheckDisjoint(Schema schema, List<Schema> options)
    {
        for (int i = 0; i < options.Count; i++)
            for (int j = 0; j < i; j++)
                if (!AreDisjoint(options[j], options[i]))
                    throw schema.Fault("oneOf", $"has alternatives {j} and {i} of which it cannot be shown that no value fits both. Use anyOf, or give each a required property with another const.");
    }

    /// <summary>A schema to take, and by which schemas it came.</summary>
    private sealed record Pending(Schema Schema, Chain? Chain);

    private sealed record Choice(IReadOnlyList<Schema> Options, Chain? Chain);

    private sealed record Chain(Schema Schema, Chain? Before)
    {
        public bool Has(Schema schema)
        {
            for (var link = this; link is not null; link = link.Before)
                if (link.Schema.Id == schema.Id) return true;
            return false;
        }
    }

    private sealed class Draft(IEnumerable<Pending> pending)
    {
        private readonly Queue<Pending> _pending = new(pending);
        private readonly Queue<Choice> _choices = new();
        private readonly List<Schema> _schemas = [];

        public IReadOnlyList<Schema> Schemas => _schemas;

        public bool TryTake(out Pending next) => _pending.TryDequeue(out next!);

        public bool TryTakeChoice(out Choice choice) => _choices.TryDequeue(out choice!);

        public bool Add(Schema schema)
        {
            if (_schemas.Exists(known => known.Id == schema.Id)) return false;
            _schemas.Add(schema);
            return true;
        }

        public void Await(Pending next) => _pending.Enqueue(next);

        public void Await(Choice choice) => _choices.Enqueue(choice);

        public Draft With(Pending next)
        {
            var copy = new Draft([.. _pending, next]);
            copy._schemas.AddRange(_schemas);
            foreach (var choice in _choices) copy._choices.Enqueue(choice);
            return copy;
        }
    }
}
