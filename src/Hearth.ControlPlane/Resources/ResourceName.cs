using System.Text.RegularExpressions;

namespace Hearth.ControlPlane;

/// <summary>A resource's full name: <c>accounts/a</c>, <c>accounts/a/datasets/d</c>, <c>accounts/a/users/u/apiKeys/k</c>.</summary>
public sealed partial record ResourceName
{
    private ResourceName(string value, string parent, string kind, string id) => (Value, Parent, Kind, Id) = (value, parent, kind, id);

    public string Value { get; }
    /// <summary>Name of the resource above; empty for an account.</summary>
    public string Parent { get; }
    /// <summary>Collection, such as <c>datasets</c>.</summary>
    public string Kind { get; }
    public string Id { get; }
    public string Account => Value.Split('/', 3)[1];

    public static ResourceName ForAccount(string id) => new($"accounts/{id}", "", ResourceKind.Accounts, id);

    /// <summary>The name of <paramref name="id"/> in an account's collection; no check of the id's spelling.</summary>
    public static ResourceName Of(string account, string kind, string id) => Below($"accounts/{account}", kind, id);

    public static ResourceName Below(string parent, string kind, string id) => new($"{parent}/{kind}/{id}", parent, kind, id);

    /// <exception cref="HearthException">The text is not a resource name.</exception>
    public static ResourceName Parse(string text)
    {
        var parts = text.Split('/');
        if (parts.Length < 2 || parts.Length % 2 != 0 || parts[0] != "accounts" || parts.Any(part => part.Length == 0))
            throw HearthException.Invalid($"'{text}' is not a resource name. Write it as accounts/ACCOUNT/COLLECTION/ID.");
        var parent = string.Join('/', parts[..^2]);
        return new(text, parent, parts[^2], parts[^1]);
    }

    /// <summary>Full names as they are, a bare id inside <paramref name="account"/>'s collection.</summary>
    public static ResourceName Resolve(string text, string account, string kind)
    {
        if (!text.Contains('/')) return Of(account, kind, text);
        var name = Parse(text);
        return name.Kind == kind ? name : throw HearthException.Invalid($"'{text}' names one of {name.Kind}. Give one of {kind}.");
    }

    /// <exception cref="HearthException">The id breaks the platform's spelling rule.</exception>
    public static string CheckedId(string? id, string field)
    {
        if (id is not null && IdPattern().IsMatch(id)) return id;
        throw new HearthException(ErrorCode.InvalidArgument,
            $"{field} '{id}' is not a valid id. Use 1 to 63 lower-case letters, digits and hyphens, beginning with a letter and not ending with a hyphen.")
        { Param = field };
    }

    public override string ToString() => Value;

    [GeneratedRegex("^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", RegexOptions.CultureInvariant)]
    private static partial Regex IdPattern();
}

/// <summary>The collections.</summary>
public static class ResourceKind
{
    public const string Accounts = "accounts";
    public const string Users = "users";
    public const string ApiKeys = "apiKeys";
    public const string Datasets = "datasets";
    public const string Models = "models";
    public const string Deployments = "deployments";
    public const string DeployedModels = "deployedModels";
    /// <summary>Below a deployment: its second replica and the ones after it.</summary>
    public const string Replicas = "replicas";
    public const string SupervisedFineTuningJobs = "supervisedFineTuningJobs";
    public const string DpoJobs = "dpoJobs";
    public const string ReinforcementFineTuningJobs = "reinforcementFineTuningJobs";
    public const string RlorTrainerJobs = "rlorTrainerJobs";
    public const string BatchInferenceJobs = "batchInferenceJobs";
    public const string Evaluators = "evaluators";
    public const string EvaluationJobs = "evaluationJobs";
    public const string Secrets = "secrets";
    /// <summary>Wrapped keys of the server itself; no address shows them.</summary>
    public const string DataKeys = "dataKeys";
    public const string Quotas = "quotas";
    public const string DeploymentShapes = "deploymentShapes";
    public const string DeploymentShapeVersions = "versions";
    public const string Routers = "routers";
    public const string IdentityProviders = "identityProviders";
    /// <summary>Files on their way into a resource; never shown.</summary>
    public const string Uploads = "uploads";
}
