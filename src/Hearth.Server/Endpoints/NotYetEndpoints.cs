using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>Operations of the contract that this version does not do: routed, guarded like any other, answered with 501 naming the feature.</summary>
internal static class NotYetEndpoints
{
    private static readonly (string Feature, string[] Routes)[] Table =
    [
        ("Changing or debugging a reinforcement job", ["PATCH reinforcementFineTuningJobs/{id}", "POST reinforcementFineTuningJobs/{id}:debug"]),
        ("Checkpoints and public logs of a reinforcement step", ["GET rlorTrainerJobs/{id}/checkpoints", "GET rlorTrainerJobs/{id}/publicLogs"]),
        ("Running an evaluator on sample rows", ["POST evaluators:previewEvaluator"]),
        ("Versions of evaluators",
        [
            "GET evaluators/{id}/versions", "GET evaluators/{id}/versions/{version}", "DELETE evaluators/{id}/versions/{version}",
            "POST evaluators/{id}/versions/{version}:alias", "POST evaluators/{id}/versions/{version}:rollback",
        ]),
        ("Importing a model from a bucket", ["POST models:import", "POST models/{id}:import"]),
        ("Checking a model's configuration before it is uploaded", ["POST /v1/validateModelConfig"]),
        ("Metrics, termination messages and shards of one deployment",
            ["GET deployments/{id}:metrics", "GET deployments/{id}/terminationMessage", "GET deployments/{id}/shards"]),
        ("Signing in through an identity provider", ["POST identityProviders/{id}:signIn"]),
        ("Credits", ["POST /v1/creditCodes:redeem"]),
        ("Usage limits beside quotas", ["GET usageLimits", "PATCH usageLimits", "GET users/{id}/usageLimits", "PATCH users/{id}/usageLimits"]),
        ("Rate limits of serverless models beside the quota serverless-inference-rpm", ["GET serverlessRateLimits"]),
    ];

    /// <summary>What a route would do, or null where it does it.</summary>
    public static string? FeatureOf(string method, string pattern) =>
        Table.FirstOrDefault(row => row.Routes.Any(route => route.Split(' ') is [var verb, var address] && verb == method && pattern.EndsWith($"/{address.TrimStart('/')}", StringComparison.Ordinal))).Feature;

    public static void Map(Routes routes)
    {
        foreach (var (feature, addresses) in Table)
        {
            foreach (var address in addresses)
            {
                var (method, pattern) = (address.Split(' ')[0], address.Split(' ')[1]);
                Handler refuse = _ => throw HearthException.Unimplemented(feature);
                switch (method)
                {
                    case "GET": routes.Get(pattern, Permission.View, refuse); break;
                    case "POST": routes.Post(pattern, Permission.Create, refuse); break;
                    case "PATCH": routes.Patch(pattern, Permission.Change, refuse); break;
                    default: routes.Delete(pattern, Permission.Change, refuse); break;
                }
            }
        }
    }

    private static string[] Collection(string name) => [$"POST {name}", $"GET {name}", $"GET {name}/{{id}}", $"DELETE {name}/{{id}}"];
}
