using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Hearth.Grammars.Tests;

/// <summary>Draws schemas and values that are valid under them.</summary>
internal sealed class RandomSchemas(int seed)
{
    private static readonly string[] Names = ["a", "name", "a b", "é", "quote\"", "id_2", "Name", "😀", "back\\slash", "x"];
    private static readonly string[] Words = ["", "x", "hello world", "é😀", "line\nbreak\ttab", "\"quoted\"", "back\\slash", "\u0001", "日本語", "a/b", "</s>", "<|endoftext|>", "0", "true"];
    private readonly Random _random = new(seed);

    /// <summary>A schema with a value.</summary>
    public (JsonNode Schema, JsonNode? Value) Next(int depth = 3)
    {
        switch (_random.Next(depth > 0 ? 13 : 9))
        {
            case 0: return (new JsonObject { ["type"] = "string" }, Pick(Words));
            case 1: return (new JsonObject { ["type"] = "integer" }, _random.Next(-2000, 2000));
            case 2: return (new JsonObject { ["type"] = "number" }, JsonNode.Parse((_random.Next(-9999, 9999) / 100m).ToString(CultureInfo.InvariantCulture)));
            case 3: return (new JsonObject { ["type"] = new JsonArray("boolean", "null") }, _random.Next(3) switch { 0 => true, 1 => false, _ => null });
            case 4: return Bounded();
            case 5: return Enumeration();
            case 6: return Lengths();
            case 7: return Pattern();
            case 8: return Format();
            case 9: return List(depth);
            case 10: return AnyOf(depth);
            default: return Object(depth);
        }
    }

    private (JsonNode, JsonNode?) Bounded()
    {
        int low = _random.Next(-300, 300), high = low + _random.Next(500);
        if (_random.Next(2) == 0) return (new JsonObject { ["type"] = "integer", ["minimum"] = low, ["maximum"] = high }, _random.Next(low, high + 1));
        decimal from = low / 8m, to = high / 8m + 0.5m, value = from + (to - from) * _random.Next(1, 16) / 16m;
        var schema = new JsonObject { ["type"] = "number", ["exclusiveMinimum"] = Number(from), ["exclusiveMaximum"] = Number(to) };
        return (schema, Number(value));
    }

    private (JsonNode, JsonNode?) Enumeration()
    {
        JsonNode?[] values = [.. Words.OrderBy(_ => _random.Next()).Take(4).Select(word => JsonValue.Create(word)), _random.Next(100), null, new JsonArray(1, "a")];
        return (new JsonObject { ["enum"] = new JsonArray([.. values.Select(value => value?.DeepClone())]) }, Pick(values)?.DeepClone());
    }

    private (JsonNode, JsonNode?) Lengths()
    {
        string value = Pick(Words) + Pick(Words);
        int length = value.EnumerateRunes().Count();
        return (new JsonObject { ["type"] = "string", ["minLength"] = _random.Next(length + 1), ["maxLength"] = length + _random.Next(3) }, value);
    }

    private (JsonNode, JsonNode?) Pattern()
    {
        var (pattern, value) = Pick<(string, string)>([("^[A-Z]{2,3}-\\d{1,4}$", "AB-17"), ("^(foo|ba[rz])+$", "foobarbaz"), ("\\.txt$", "a file.txt"), ("^[^\"\\\\]*$", "é plain"), ("^\\S+@\\S+$", "a@b"), ("^#[0-9a-f]{6}$", "#00ff7f")]);
        return (new JsonObject { ["type"] = "string", ["pattern"] = pattern }, value);
    }

    private (JsonNode, JsonNode?) Format()
    {
        var (format, value) = Pick<(string, string)>([("date", "2024-02-29"), ("date-time", "2023-12-31T23:59:59.5Z"), ("uuid", "123e4567-e89b-12d3-a456-426614174000"), ("ipv4", "10.0.255.1"), ("ipv6", "2001:db8::1")]);
        return (new JsonObject { ["type"] = "string", ["format"] = format }, value);
    }

    private (JsonNode, JsonNode?) List(int depth)
    {
        var (item, value) = Next(depth - 1);
        int count = _random.Next(4);
        var schema = new JsonObject { ["type"] = "array", ["items"] = item, ["minItems"] = _random.Next(count + 1), ["maxItems"] = count + _random.Next(3) };
        return (schema, new JsonArray([.. Enumerable.Range(0, count).Select(_ => value?.DeepClone())]));
    }

    private (JsonNode, JsonNode?) AnyOf(int depth)
    {
        var options = Enumerable.Range(0, _random.Next(2, 4)).Select(_ => Next(depth - 1)).ToArray();
        return (new JsonObject { ["anyOf"] = new JsonArray([.. options.Select(option => option.Schema.DeepClone())]) }, Pick(options).Value?.DeepClone());
    }

    private (JsonNode, JsonNode?) Object(int depth)
    {
        JsonObject properties = [], value = [];
        JsonArray required = [];
        foreach (string name in Names.OrderBy(_ => _random.Next()).Take(_random.Next(5)))
        {
            var (schema, member) = Next(depth - 1);
            properties[name] = schema;
            bool isRequired = _random.Next(2) == 0;
            if (isRequired) required.Add(name);
            if (isRequired || _random.Next(2) == 0) value[name] = member;
        }
        var all = new JsonObject { ["type"] = "object", ["properties"] = properties, ["required"] = required };
        if (_random.Next(3) != 0) all["additionalProperties"] = false;
        else
        {
            all["additionalProperties"] = new JsonObject { ["type"] = "integer" };
            if (_random.Next(2) == 0) value["other"] = 7;
        }
        return (all, value);
    }

    private static JsonNode Number(decimal value) => JsonNode.Parse(value.ToString(CultureInfo.InvariantCulture))!;

    private T Pick<T>(IReadOnlyList<T> from) => from[_random.Next(from.Count)];
}
