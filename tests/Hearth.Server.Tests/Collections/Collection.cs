using System.Text.Json;
using System.Text.Json.Nodes;

namespace Hearth.Server.Tests;

/// <summary>
/// One line of the table: what the contract does not say about a collection. Everything else (settable fields, verbs, shapes) is read from the contract.
/// </summary>
public sealed record Collection(string Name)
{
    /// <summary>Not in the published contract; its shape is in documented-collections.json.</summary>
    public bool Unpublished { get; init; }
    /// <summary>The contract's address of the list.</summary>
    public string ListPath { get; init; } = $"/v1/accounts/{{account_id}}/{Name}";
    /// <summary>Values of the address' parameters; the account is <c>local</c> where it is not among them.</summary>
    public IReadOnlyDictionary<string, string> Parents { get; init; } = new Dictionary<string, string>();
    /// <summary>The contract's address of creation, where it is not the list's.</summary>
    public string? CreatePath { get; init; }
    /// <summary>Body field that holds the resource; null where its fields are the body.</summary>
    public string? Wrapper { get; init; }
    /// <summary>Where a caller gives the new resource's id; null where the server chooses.</summary>
    public string? IdField { get; init; }
    public bool IdInQuery { get; init; }
    /// <summary>True where a create without an id gets one from the server.</summary>
    public bool IdOptional { get; init; }
    /// <summary>The id field takes the full name.</summary>
    public bool IdIsName { get; init; }
    /// <summary>Field of a list's answer.</summary>
    public string Plural { get; init; } = Name;
    public string DefaultOrder { get; init; } = "name";
    /// <summary>Response field that identifies a resource; a name or a bare id.</summary>
    public string Key { get; init; } = "name";
    /// <summary>Custom verb below the list that deletes by <c>{Key}</c>, where there is no DELETE.</summary>
    public string? DeleteVerb { get; init; }
    /// <summary>Query of a DELETE.</summary>
    public string DeleteQuery { get; init; } = "";
    /// <summary>A deleted resource is gone a little later, once its work has ended.</summary>
    public bool GoesLater { get; init; }
    /// <summary>Deleted resources keep their id and can be undeleted.</summary>
    public bool SoftDelete { get; init; }
    /// <summary>What has to be there first.</summary>
    public Needs Needs { get; init; }
    /// <summary>Values that the contract's types do not tell, by path (<c>peftDetails.r</c>).</summary>
    public IReadOnlyDictionary<string, Func<Stage, Random, JsonNode?>> Values { get; init; } = new Dictionary<string, Func<Stage, Random, JsonNode?>>();
    /// <summary>Fields of every create.</summary>
    public IReadOnlyList<string> Always { get; init; } = [];
    /// <summary>Fields that a PATCH may not change, or not freely.</summary>
    public IReadOnlyList<string> Fixed { get; init; } = [];
    /// <summary>Settable fields that are never answered as they were sent, or need what no walk has: each with its reason, and tests of its own.</summary>
    public IReadOnlyDictionary<string, string> Apart { get; init; } = new Dictionary<string, string>();
    /// <summary>Fields of which a resource has one: setting another replaces it.</summary>
    public IReadOnlyList<string> OneOf { get; init; } = [];
    /// <summary>Answered fields that change on their own: other resources or a restart move them.</summary>
    public IReadOnlyList<string> Moving { get; init; } = [];
    /// <summary>Answered fields that follow others which a patch sets.</summary>
    public IReadOnlyList<string> Following { get; init; } = [];
    /// <summary>Answered fields that may change at any moment: work goes on in the background.</summary>
    public IReadOnlyList<string> Drifting { get; init; } = [];
    /// <summary>Strings that are 64-bit integers, besides those so named everywhere.</summary>
    public IReadOnlyList<string> Int64 { get; init; } = [];
    /// <summary>Answered once, at creation.</summary>
    public IReadOnlyList<string> Once { get; init; } = [];
    /// <summary>Makes a random body fit together; false where nothing fits now.</summary>
    public Func<Stage, JsonObject, IReadOnlyList<JsonObject>, Random, bool> Fit { get; init; } = (_, _, _, _) => true;
    /// <summary>Makes a random patch fit the resource that it is for.</summary>
    public Action<JsonObject, JsonObject> FitPatch { get; init; } = (_, _) => { };

    public override string ToString() => Name;
}

/// <summary>What a collection's resources refer to.</summary>
[Flags]
public enum Needs
{
    Nothing = 0,
    /// <summary>A dataset with rows.</summary>
    Rows = 1,
    /// <summary>Adapters of the base model.</summary>
    Adapters = 2,
    /// <summary>Deployments that take addons.</summary>
    Deployments = 4,
    /// <summary>Datasets of pairs, prompts and samples, and an evaluator.</summary>
    Rewards = 8,
}

/// <summary>A settable field: its schema, and whether it stands beside the wrapped resource instead of in it.</summary>
public sealed record SettableField(string Name, JsonElement Schema, bool Outer);
