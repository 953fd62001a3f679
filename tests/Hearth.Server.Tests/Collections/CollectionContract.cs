using System.Text.Json;

namespace Hearth.Server.Tests;

/// <summary>What the contract says about a collection.</summary>
public sealed class CollectionContract
{
    private readonly ContractDocument _contract;

    public CollectionContract(ContractDocument contract, Collection collection)
    {
        _contract = contract;
        var verbs = contract.Operations.ToHashSet();
        ListPath = collection.ListPath;
        CreatePath = collection.CreatePath ?? collection.ListPath;
        ItemPath = verbs.Select(verb => verb.Path)
            .FirstOrDefault(path => path.StartsWith(collection.ListPath + "/{", StringComparison.Ordinal) && path.IndexOf('}', collection.ListPath.Length) == path.Length - 1) ?? "";
        CanCreate = verbs.Contains(("POST", CreatePath));
        CanGet = verbs.Contains(("GET", ItemPath));
        CanPatch = verbs.Contains(("PATCH", ItemPath));
        CanDelete = collection.DeleteVerb is not null || verbs.Contains(("DELETE", ItemPath));
        Item = Resolve(contract.Operation("GET", ListPath).GetProperty("x-response").GetProperty("item"));
        CreateFields = CanCreate ? [.. FieldsOfCreate(collection)] : [];
        PatchFields = CanPatch ? [.. FieldsOf("PATCH", ItemPath).Select(field => new SettableField(field.Name, field.Schema, false))] : [];
    }

    public string ListPath { get; }
    public string CreatePath { get; }
    public string ItemPath { get; }
    public bool CanCreate { get; }
    public bool CanGet { get; }
    public bool CanPatch { get; }
    public bool CanDelete { get; }
    /// <summary>Schema of one resource in a list.</summary>
    public JsonElement Item { get; }
    public IReadOnlyList<SettableField> CreateFields { get; }
    public IReadOnlyList<SettableField> PatchFields { get; }

    public bool Answers(string field) => Item.GetProperty("properties").TryGetProperty(field, out _);

    public JsonElement Resolve(JsonElement schema)
    {
        while (schema.TryGetProperty("$ref", out var reference)) schema = _contract.Schema(reference.GetString()!.Split('/')[^1]);
        return schema;
    }

    private IEnumerable<SettableField> FieldsOfCreate(Collection collection)
    {
        foreach (var (name, schema) in FieldsOf("POST", CreatePath))
        {
            if (name == collection.IdField) continue;
            if (name != collection.Wrapper)
            {
                yield return new(name, schema, collection.Wrapper is not null);
                continue;
            }
            foreach (var inner in Resolve(schema).GetProperty("properties").EnumerateObject()) yield return new(inner.Name, inner.Value, false);
        }
    }

    private IEnumerable<(string Name, JsonElement Schema)> FieldsOf(string method, string path)
    {
        var body = _contract.Operation(method, path).GetProperty("x-request-body");
        var properties = Resolve(body.GetProperty("schema")).GetProperty("properties");
        return body.GetProperty("fields").EnumerateArray().Select(field => (field.GetString()!, properties.GetProperty(field.GetString()!)));
    }
}
