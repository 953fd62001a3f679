using System.Text.Json;
using System.Text.Json.Nodes;

namespace Hearth.Server.Tests;

/// <summary>Random legal values by the contract's schemas; what a schema does not tell comes from the collection's line in the table.</summary>
public sealed class RandomValues(CollectionContract contract, Collection collection, Stage stage, Random random)
{
    // 64-bit integers are plain strings in the contract.
    public static readonly IReadOnlySet<string> Int64Fields = new HashSet<string> { "exampleCount", "estimatedTokenCount", "parameterCount", "units", "seed" };

    private static readonly string[] Words = ["alpha", "Beta", "gamma ray", "ΔELTA", "naïve", "\"quoted\"", "back\\slash", "a,b;c", "日本語", "tab\tstop", "007", "1e1", "true", "x=y AND z"];

    /// <summary>Flags are set, never cleared.</summary>
    public bool OnlyTrue { get; set; }

    public JsonNode? Next(string path, JsonElement schema)
    {
        if (collection.Values.TryGetValue(path, out var own)) return own(stage, random);
        schema = contract.Resolve(schema);
        if (schema.TryGetProperty("enum", out var members)) return Member(members);
        if (schema.TryGetProperty("anyOf", out _)) return Time();
        if (schema.TryGetProperty("properties", out var properties)) return Object(path, schema, properties);
        var name = path.Split('.')[^1];
        return (schema.TryGetProperty("type", out var type) ? type.GetString() : "message") switch
        {
            "string" => Text(name),
            "integer" => random.Next(1, 1000),
            "number" => Math.Round(random.NextDouble(), 4),
            "boolean" => OnlyTrue || random.Next(2) == 0,
            "array" => new JsonArray([.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Next(path, schema.GetProperty("items")))]),
            "object" when schema.TryGetProperty("additionalProperties", out var each) => new JsonObject { ["default"] = Next(path + ".*", each), ["other"] = Next(path + ".*", each) },
            _ => new JsonObject(),
        };
    }

    /// <summary>A resource id at the edges of what is allowed, or a common one.</summary>
    public string Id() => random.Next(8) switch
    {
        0 => Letters(1),
        1 => Letters(1) + Letters(62, digits: true),
        2 => $"{Letters(2)}--{Letters(2, digits: true)}",
        _ => Letters(1) + Letters(random.Next(3, 9), digits: true),
    };

    public string BadId() => random.Next(6) switch
    {
        0 => "1" + Letters(3),
        1 => Letters(3) + "-",
        2 => "-" + Letters(3),
        3 => Letters(3).ToUpperInvariant(),
        4 => Letters(64),
        _ => Letters(2) + "_" + Letters(2),
    };

    /// <summary>The same message with its fields (not its map keys) in snake_case.</summary>
    public JsonNode? SnakeCase(JsonNode? node, JsonElement schema)
    {
        schema = contract.Resolve(schema);
        if (node is JsonArray list && schema.TryGetProperty("items", out var items)) return new JsonArray([.. list.Select(item => SnakeCase(item, items))]);
        if (node is not JsonObject message || !schema.TryGetProperty("properties", out var properties)) return node?.DeepClone();
        return new JsonObject(message.Select(field => KeyValuePair.Create(JsonNamingPolicy.SnakeCaseLower.ConvertName(field.Key), SnakeCase(field.Value, properties.GetProperty(field.Key)))));
    }

    private JsonNode Member(JsonElement members)
    {
        var named = members.EnumerateArray().Select(member => member.GetString()!).Where(member => !member.EndsWith("UNSPECIFIED", StringComparison.Ordinal)).ToList();
        return named[random.Next(named.Count)];
    }

    private JsonObject Object(string path, JsonElement schema, JsonElement properties)
    {
        var required = schema.TryGetProperty("required", out var names) ? names.EnumerateArray().Select(name => name.GetString()).ToHashSet() : [];
        var message = new JsonObject();
        foreach (var property in properties.EnumerateObject())
            if (required.Contains(property.Name) || random.Next(4) > 0) message[property.Name] = Next($"{path}.{property.Name}", property.Value);
        return message;
    }

    private JsonNode Text(string name)
    {
        if (Int64Fields.Contains(name)) return random.NextInt64(1, 1L << random.Next(1, 62)).ToString();
        if (name.EndsWith("Url", StringComparison.Ordinal)) return $"https://example.com/{Letters(5)}";
        if (name.EndsWith("Window", StringComparison.Ordinal)) return $"{random.Next(1, 3600)}s";
        return random.Next(5) == 0 ? random.Next(200).ToString() : $"{Words[random.Next(Words.Length)]} {Letters(random.Next(0, 4))}".Trim(); // digits are text too
    }

    private JsonNode Time() => new DateTimeOffset(2031, 1, 1, 0, 0, 0, TimeSpan.Zero).AddSeconds(random.Next()).AddMilliseconds(random.Next(1000)).ToString("yyyy-MM-dd'T'HH:mm:ss.FFF'Z'");

    private string Letters(int count, bool digits = false) =>
        string.Concat(Enumerable.Range(0, count).Select(_ => "abcdefghijklmnopqrstuvwxyz0123456789"[random.Next(digits ? 36 : 26)]));
}
