using System.Text.Json;
using System.Text.RegularExpressions;
using Hearth.TestKit;

namespace Hearth.Server.Tests;

/// <summary>The published contract: finds an address' operation and validates responses strictly (names, types, enums, required fields).</summary>
public sealed partial class ContractDocument
{
    private readonly JsonElement _document, _extras;

    private ContractDocument(JsonElement document, JsonElement extras) => (_document, _extras) = (document, extras);

    public static ContractDocument Load()
    {
        var root = FixtureFolder.RepositoryRoot;
        var folder = new[] { Path.Combine(root, "..", "shared", "contract"), Path.Combine(root, "tests", "Fixtures", "contract") }
            .First(place => File.Exists(Path.Combine(place, "fireworks.openapi.json")));
        return new(Read("fireworks.openapi.json"), Read("documented-extras.json"));

        JsonElement Read(string file) => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, file))).RootElement;
    }

    /// <summary>A document of our own in the contract's form.</summary>
    public static ContractDocument LoadOwn(string file)
    {
        var path = Path.Combine(FixtureFolder.RepositoryRoot, "tests", "Hearth.Server.Tests", file);
        return new(JsonDocument.Parse(File.ReadAllBytes(path)).RootElement, JsonDocument.Parse("""{"properties":{}}""").RootElement);
    }

    /// <summary>Every path and verb.</summary>
    public IEnumerable<(string Method, string Path)> Operations =>
        _document.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject().Select(verb => (verb.Name.ToUpperInvariant(), path.Name)));

    public JsonElement Operation(string method, string path) => _document.GetProperty("paths").GetProperty(path).GetProperty(method.ToLowerInvariant());

    /// <summary>The documented path that <paramref name="address"/> is an instance of.</summary>
    public string PathOf(string address) => _document.GetProperty("paths").EnumerateObject().Select(path => path.Name)
        .First(path => Regex.IsMatch(address.Split('?')[0], "^" + Parameter().Replace(Regex.Escape(path).Replace("\\{", "{"), "[^/:]+") + "$"));

    /// <summary>What is wrong with a response; empty where it is right.</summary>
    public List<string> Validate(string method, string path, JsonElement body)
    {
        var problems = new List<string>();
        var response = Operation(method, path).GetProperty("x-response");
        if (response.ValueKind == JsonValueKind.String)
        {
            if (body.ValueKind != JsonValueKind.Object || body.EnumerateObject().Any()) problems.Add($"expected {{}}, got {body}");
        }
        else if (response.TryGetProperty("page", out var page))
        {
            var fields = _document.GetProperty("x-page-fields").GetProperty(page.GetString()!);
            foreach (var item in body.GetProperty(fields[0].GetString()!).EnumerateArray()) Check(item, response.GetProperty("item"), fields[0].GetString()!, problems);
            if (body.GetProperty(fields[1].GetString()!).ValueKind != JsonValueKind.String) problems.Add("nextPageToken is not a string");
        }
        else
        {
            Check(body, response, "$", problems);
        }
        return problems;
    }

    public JsonElement Schema(string name) => _document.GetProperty("components").GetProperty("schemas").GetProperty(name);

    /// <summary>Checks a value against a named schema, for bodies that no operation's response names (chunks).</summary>
    public List<string> ValidateAs(string schema, JsonElement body)
    {
        var problems = new List<string>();
        CheckObject(body, Schema(schema), schema, "$", problems);
        return problems;
    }

    private void Check(JsonElement value, JsonElement schema, string path, List<string> problems)
    {
        if (schema.TryGetProperty("$ref", out var reference))
        {
            var name = reference.GetString()!.Split('/')[^1];
            var target = Schema(name);
            if (target.TryGetProperty("properties", out _)) CheckObject(value, target, name, path, problems);
            else Check(value, target, path, problems);
            return;
        }
        if (schema.TryGetProperty("anyOf", out var choices))
        {
            var best = choices.EnumerateArray().Select(choice =>
            {
                var found = new List<string>();
                Check(value, choice, path, found);
                return found;
            }).MinBy(found => found.Count)!;
            problems.AddRange(best);
            return;
        }
        if (schema.TryGetProperty("enum", out var members))
        {
            if (value.ValueKind != JsonValueKind.String || !members.EnumerateArray().Any(member => member.ValueEquals(value.GetString()))) problems.Add($"{path}: '{value}' is not in the enum");
            return;
        }
        if (schema.TryGetProperty("type", out var type)) CheckType(value, type.GetString()!, schema, path, problems);
    }

    private void CheckType(JsonElement value, string type, JsonElement schema, string path, List<string> problems)
    {
        var right = type switch
        {
            "string" => value.ValueKind == JsonValueKind.String,
            "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
            "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
            "number" => value.ValueKind == JsonValueKind.Number,
            "array" => value.ValueKind == JsonValueKind.Array,
            "null" => value.ValueKind == JsonValueKind.Null,
            _ => value.ValueKind == JsonValueKind.Object,
        };
        if (!right)
        {
            problems.Add($"{path}: {value.ValueKind} '{value}' is not of type {type}");
            return;
        }
        if (schema.TryGetProperty("format", out var format) && format.ValueEquals("date-time") && !Time().IsMatch(value.GetString()!)) problems.Add($"{path}: '{value}' is no RFC 3339 time in UTC");
        if (type == "array") foreach (var item in value.EnumerateArray()) Check(item, schema.GetProperty("items"), $"{path}[]", problems);
        if (type == "object" && schema.TryGetProperty("additionalProperties", out var each) && !each.TryGetProperty("$ref", out _))
            foreach (var field in value.EnumerateObject()) Check(field.Value, each, $"{path}.{field.Name}", problems);
    }

    private void CheckObject(JsonElement value, JsonElement schema, string name, string path, List<string> problems)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            problems.Add($"{path}: {value.ValueKind} is not a {name}");
            return;
        }
        var properties = schema.GetProperty("properties");
        foreach (var field in value.EnumerateObject())
        {
            if (!properties.TryGetProperty(field.Name, out var property))
            {
                if (!field.Name.StartsWith("hearth") && !IsExtra(name, field.Name)) problems.Add($"{path}.{field.Name} is not documented for {name}");
            }
            else if (field.Value.ValueKind != JsonValueKind.Null || IsRequired(schema, field.Name))
            {
                Check(field.Value, property, $"{path}.{field.Name}", problems);
            }
        }
        if (schema.TryGetProperty("required", out var required))
            foreach (var field in required.EnumerateArray().Where(field => !value.TryGetProperty(field.GetString()!, out _))) problems.Add($"{path}.{field} is missing");
    }

    /// <summary>A response field that is documented beside the contract.</summary>
    public bool IsExtra(string schema, string field) =>
        _extras.GetProperty("properties").TryGetProperty(schema, out var fields) && fields.EnumerateArray().Any(extra => extra.ValueEquals(field));

    private static bool IsRequired(JsonElement schema, string field) =>
        schema.TryGetProperty("required", out var required) && required.EnumerateArray().Any(name => name.ValueEquals(field));

    [GeneratedRegex(@"\{[^}]+\}")]
    private static partial Regex Parameter();

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$")]
    private static partial Regex Time();
}
