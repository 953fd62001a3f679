namespace Hearth.Grammars;

/// <summary>What is known of JSON Schema's keywords. None is ignored that is not listed here.</summary>
internal static class Keywords
{
    /// <summary>They say nothing about which values are valid.</summary>
    public static HashSet<string> Annotations { get; } = new(StringComparer.Ordinal)
    {
        "title", "description", "default", "examples", "example", "deprecated", "readOnly", "writeOnly", "contentEncoding", "contentMediaType", "contentSchema",
        "discriminator", "externalDocs", "xml", "$schema", "$id", "id", "$comment", "$anchor", "$dynamicAnchor", "$vocabulary", "$defs", "definitions",
    };

    /// <summary>They are enforced.</summary>
    public static HashSet<string> Enforced { get; } = new(StringComparer.Ordinal)
    {
        "type", "nullable", "enum", "const", "$ref", "allOf", "anyOf", "oneOf",
        "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
        "minLength", "maxLength", "pattern", "format",
        "items", "prefixItems", "additionalItems", "minItems", "maxItems", "uniqueItems",
        "properties", "required", "additionalProperties", "unevaluatedProperties", "patternProperties", "propertyNames", "minProperties", "maxProperties",
    };

    /// <summary>What to do instead of keywords that are known and not enforced.</summary>
    public static Dictionary<string, string> Refused { get; } = new(StringComparer.Ordinal)
    {
        ["not"] = "State what is allowed instead, with enum, anyOf or pattern.",
        ["if"] = "Write the cases as alternatives of anyOf.",
        ["then"] = "Write the cases as alternatives of anyOf.",
        ["else"] = "Write the cases as alternatives of anyOf.",
        ["dependentRequired"] = "Write the cases as alternatives of anyOf.",
        ["dependentSchemas"] = "Write the cases as alternatives of anyOf.",
        ["dependencies"] = "Write the cases as alternatives of anyOf.",
        ["contains"] = "Describe the places of a list with prefixItems.",
        ["minContains"] = "Describe the places of a list with prefixItems.",
        ["maxContains"] = "Describe the places of a list with prefixItems.",
        ["unevaluatedItems"] = "Use items, or maxItems.",
        ["$dynamicRef"] = "Use $ref.",
        ["$recursiveRef"] = "Use $ref.",
    };

    /// <summary>Refuses a schema with a keyword that would have to be ignored.</summary>
    public static void Check(Schema schema)
    {
        if (schema.Json.ValueKind != System.Text.Json.JsonValueKind.Object) return;
        foreach (var member in schema.Json.EnumerateObject())
        {
            string name = member.Name;
            if (Enforced.Contains(name) || Annotations.Contains(name) || name.StartsWith("x-", StringComparison.Ordinal)) continue;
            throw Refused.TryGetValue(name, out string? remedy)
                ? schema.Fault(name, $"is not supported. {remedy}")
                : schema.Fault(name, "is not a known keyword. Correct or remove it; names of your own begin with x-.");
        }
    }
}
