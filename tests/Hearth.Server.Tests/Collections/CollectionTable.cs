using System.Text.Json.Nodes;

namespace Hearth.Server.Tests;

/// <summary>Every collection of the platform, one line each.</summary>
public static class CollectionTable
{
    private static readonly string[] DatasetSources = ["userUploaded", "evalProtocol", "evaluationResult", "splitted", "transformed"];

    private static readonly Dictionary<string, Func<Stage, Random, JsonNode?>> TrainingValues = new()
    {
        ["outputModel"] = (_, random) => $"accounts/local/models/out-{random.Next()}",
        ["loraRank"] = (_, random) => 1 << random.Next(0, 7),
        ["maxContextLength"] = (_, random) => random.Next(16, 1025),
        ["epochs"] = (_, random) => random.Next(1, 6),
        ["wandbConfig"] = (_, random) => new JsonObject { ["project"] = $"p{random.Next()}", ["entity"] = "e" }, // its key is a secret, and never shown
    };

    public static IReadOnlyList<Collection> All { get; } =
    [
        new("accounts") { ListPath = "/v1/accounts" },
        new("users")
        {
            IdField = "userId", IdInQuery = true, IdOptional = true, Always = ["role", "email"],
            Values = new Dictionary<string, Func<Stage, Random, JsonNode?>>
            {
                ["role"] = (_, random) => Pick(random, "admin", "user", "contributor", "inference-user"),
                ["email"] = (_, random) => $"{random.Next()}@example.com",
            },
            Fixed = ["serviceAccount"],
            // A service account's address is made from its id.
            Fit = (_, body, _, _) => body["serviceAccount"]?.GetValue<bool>() != true || body.Remove("email"),
            FitPatch = (patch, user) => _ = user["serviceAccount"]!.GetValue<bool>() && patch.Remove("email"),
        },
        new("apiKeys")
        {
            ListPath = "/v1/accounts/{account_id}/users/{user_id}/apiKeys", Wrapper = "apiKey", Key = "keyId", DefaultOrder = "createTime", DeleteVerb = ":delete", Once = ["key"],
        },
        new("secrets")
        {
            IdField = "name", Always = ["keyName"],
            Apart = new Dictionary<string, string> { ["value"] = "never shown" },
            Values = new Dictionary<string, Func<Stage, Random, JsonNode?>> { ["keyName"] = (_, random) => $"KEY_{random.Next()}" },
        },
        new("datasets")
        {
            Wrapper = "dataset", IdField = "datasetId",
            Apart = new Dictionary<string, string> { ["exampleCount"] = "the client's claim; ours is counted at the upload" },
            OneOf = DatasetSources,
            Fit = (_, body, _, _) => KeepOne(body, DatasetSources),
            FitPatch = (patch, _) => KeepOne(patch, DatasetSources),
        },
        new("models")
        {
            Wrapper = "model", IdField = "modelId",
            Values = new Dictionary<string, Func<Stage, Random, JsonNode?>>
            {
                ["deprecationDate.year"] = (_, random) => random.Next(2030, 2040),
                ["deprecationDate.month"] = (_, random) => random.Next(1, 13),
                ["deprecationDate.day"] = (_, random) => random.Next(1, 29),
                ["peftDetails.baseModel"] = (_, _) => TestServer.Base,
            },
            Following = ["kind"], // an adapter where there are peftDetails
        },
        new("supervisedFineTuningJobs")
        {
            IdField = "supervisedFineTuningJobId", IdInQuery = true, IdOptional = true, DefaultOrder = "createTime", Needs = Needs.Rows | Needs.Adapters,
            Always = ["dataset", "baseModel"], Moving = ["state", "updateTime"],
            Apart = new Dictionary<string, string> { ["metricsFileSignedUrl"] = "the server's to fill" },
            Values = new Dictionary<string, Func<Stage, Random, JsonNode?>>(TrainingValues)
            {
                ["dataset"] = (stage, _) => stage.Rows,
                ["evaluationDataset"] = (stage, _) => stage.Rows,
                ["baseModel"] = (_, _) => TestServer.Base,
                ["warmStartFrom"] = (stage, random) => stage.Adapters[random.Next(stage.Adapters.Count)],
            },
            Fit = (_, body, _, _) =>
            {
                if (!body.ContainsKey("warmStartFrom")) return true;
                body.Remove("loraRank"); // the adapter's
                return body.Remove("baseModel");
            },
        },
        new("deployments")
        {
            IdField = "deploymentId", IdInQuery = true, IdOptional = true, DefaultOrder = "createTime", DeleteQuery = "?ignoreChecks=true", SoftDelete = true,
            Always = ["baseModel"], Fixed = ["baseModel"], Moving = ["state", "updateTime", "desiredReplicaCount", "replicaCount", "replicaStats"],
            Following = ["region"], // the placement's
            Values = new Dictionary<string, Func<Stage, Random, JsonNode?>>
            {
                ["baseModel"] = (_, _) => TestServer.Base,
                ["minReplicaCount"] = (_, random) => random.Next(2),
                ["maxReplicaCount"] = (_, random) => random.Next(1, 5),
                ["maxContextLength"] = (_, random) => random.Next(16, 1024),
                ["placement.regions"] = (_, _) => new JsonArray("US_IOWA_1", "EU_PARIS_1"),
            },
        },
        new("deployedModels")
        {
            Needs = Needs.Adapters | Needs.Deployments, Always = ["model", "deployment"], Fixed = ["model", "deployment"], Moving = ["default", "updateTime", "state"],
            Apart = new Dictionary<string, string> { ["default"] = "one a model: the first has it unasked, another takes it away" },
            Fit = FreePlace,
        },
    ];

    public static Collection Of(string name) => All.Single(collection => collection.Name == name);

    private static bool KeepOne(JsonObject body, IEnumerable<string> fields)
    {
        foreach (var extra in fields.Where(body.ContainsKey).Skip(1).ToList()) body.Remove(extra);
        return true;
    }

    private static bool FreePlace(Stage stage, JsonObject body, IReadOnlyList<JsonObject> all, Random random)
    {
        var free = (from model in stage.Adapters
                    from deployment in stage.Deployments
                    where !all.Any(one => one["model"]!.ToString() == model && one["deployment"]!.ToString() == deployment)
                    select (model, deployment)).ToList();
        if (free.Count == 0) return false;
        var place = free[random.Next(free.Count)];
        (body["model"], body["deployment"]) = (place.model, place.deployment);
        return true;
    }

    private static JsonNode Pick(Random random, params string[] choices) => choices[random.Next(choices.Length)];
}
