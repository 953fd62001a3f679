using System.Text.Json.Nodes;

namespace Hearth.Server.Tests;

/// <summary>Every collection of the platform, one line each.</summary>
public static class CollectionTable
{
    private static readonly string[] DatasetSources = ["userUploaded", "evalProtocol", "evaluationResult", "splitted", "transformed"];

    private static readonly Dictionary<string, string> Catalogue = new() { ["account_id"] = "fireworks" };

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
            ListPath = "/v1/accounts/{account_id}/users/{user_id}/apiKeys", Parents = new Dictionary<string, string> { ["user_id"] = "admin" }, Wrapper = "apiKey", Key = "keyId", DefaultOrder = "createTime", DeleteVerb = ":delete", Once = ["key"],
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
            Apart = new Dictionary<string, string>
            {
                ["exampleCount"] = "the client's claim; ours is counted at the upload",
                ["sourceDatasetId"] = "names a dataset with rows: DatasetDerivationTests",
            },
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
                ["conversationConfig.style"] = (_, _) => "jinja",
            },
            Following = ["kind"], // an adapter where there are peftDetails
        },
        new("supervisedFineTuningJobs")
        {
            IdField = "supervisedFineTuningJobId", IdInQuery = true, IdOptional = true, DefaultOrder = "createTime", Needs = Needs.Rows | Needs.Adapters,
            Always = ["dataset", "baseModel"], Moving = ["state", "updateTime"],
            Apart = new Dictionary<string, string> { ["metricsFileSignedUrl"] = "the server's to fill" },
            Values = Training("", stage => stage.Rows, maxRank: 6),
            Fit = (_, body, _, _) => FitTraining(body, true) && FitEarlyStop(body),
        },
        new("dpoJobs")
        {
            IdField = "dpoJobId", IdInQuery = true, IdOptional = true, DefaultOrder = "createTime", Needs = Needs.Rows | Needs.Adapters | Needs.Rewards,
            Always = ["dataset", "trainingConfig"], Moving = ["state"],
            Values = Training("trainingConfig.", stage => stage.Pairs, maxRank: 6),
            Fit = (_, body, _, _) => FitTraining(body["trainingConfig"]!.AsObject(), true) && FitLoss(body, "DPO", "ORPO"),
        },
        new("reinforcementFineTuningJobs")
        {
            IdField = "reinforcementFineTuningJobId", IdInQuery = true, IdOptional = true, DefaultOrder = "createTime", Needs = Needs.Rows | Needs.Adapters | Needs.Rewards,
            Always = ["dataset", "evaluator", "trainingConfig"], Moving = ["state"],
            Values = new Dictionary<string, Func<Stage, Random, JsonNode?>>(Training("trainingConfig.", stage => stage.Prompts, maxRank: 7))
            {
                ["evaluator"] = (stage, _) => stage.Evaluator,
                ["inferenceParameters"] = (_, random) => new JsonObject
                {
                    ["temperature"] = 0.1 + Math.Round(random.NextDouble(), 3), ["topK"] = random.Next(1, 100), ["maxOutputTokens"] = random.Next(16, 1000),
                    ["responseCandidatesCount"] = random.Next(2, 9), ["extraBody"] = """{"stop":["END"]}""",
                },
                ["mcpServer"] = (_, random) => $"https://mcp{random.Next(9)}.example.com",
            },
            Fit = (_, body, _, _) => FitTraining(body["trainingConfig"]!.AsObject(), true) && FitLoss(body, "GRPO", "DAPO", "GSPO_TOKEN"),
        },
        new("rlorTrainerJobs")
        {
            IdField = "rlorTrainerJobId", IdInQuery = true, IdOptional = true, DefaultOrder = "createTime", Needs = Needs.Deployments | Needs.Rewards,
            Always = ["dataset", "trainingConfig"], Moving = ["state"],
            Values = new Dictionary<string, Func<Stage, Random, JsonNode?>>(Training("trainingConfig.", stage => stage.Samples, maxRank: 7))
            {
                ["rolloutDeploymentName"] = (stage, random) => stage.Deployments[random.Next(2)],
                ["hotLoadDeploymentId"] = (_, _) => "stage-x",
                ["rewardWeights"] = (_, random) => new JsonArray("score=1.0", $"style=0.{random.Next(10)}"),
                ["serviceMode"] = (_, _) => false, // trains all weights: a test of its own
            },
            Fit = (_, body, _, _) => FitTraining(body["trainingConfig"]!.AsObject(), false) && FitLoss(body, "GRPO", "DAPO", "GSPO_TOKEN"),
        },
        new("batchInferenceJobs")
        {
            IdField = "batchInferenceJobId", IdInQuery = true, IdOptional = true, DefaultOrder = "createTime", Needs = Needs.Rewards,
            Always = ["model", "inputDatasetId", "outputDatasetId"], GoesLater = true, Drifting = ["state", "status", "updateTime", "jobProgress", "lifecycle", "waitingOnCapacity"],
            Apart = new Dictionary<string, string> { ["continuedFromJobName"] = "needs an ended job: BatchTests" },
            Values = new Dictionary<string, Func<Stage, Random, JsonNode?>>
            {
                ["model"] = (_, _) => TestServer.Base,
                ["inputDatasetId"] = (stage, _) => stage.Requests,
                ["outputDatasetId"] = (_, random) => $"accounts/local/datasets/out-{random.Next()}",
                ["inferenceParameters"] = (_, random) => new JsonObject
                {
                    ["maxTokens"] = random.Next(1, 100), ["n"] = random.Next(1, 4), ["temperature"] = Math.Round(random.NextDouble(), 3), ["topK"] = random.Next(1, 100),
                    ["topP"] = Math.Round(random.NextDouble(), 3), ["extraBody"] = """{"seed":1}""",
                },
            },
        },
        new("evaluators")
        {
            CreatePath = "/v1/accounts/{account_id}/evaluatorsV2", Wrapper = "evaluator", IdField = "evaluatorId", IdOptional = true, Needs = Needs.Rows,
            Following = ["state", "status"], // of the code
            Values = new Dictionary<string, Func<Stage, Random, JsonNode?>>
            {
                ["entryPoint"] = (_, random) => $"tests/test_{random.Next(9)}.py::test_score",
                ["defaultDataset"] = (stage, _) => stage.Rows,
                ["source"] = (_, random) => new JsonObject { ["type"] = Pick(random, "TYPE_UPLOAD", "TYPE_TEMPORARY"), ["githubRepositoryName"] = "a/b" },
                ["criteria"] = (_, random) => new JsonArray(new JsonObject
                {
                    ["type"] = "CODE_SNIPPETS", ["name"] = $"c{random.Next(9)}", ["description"] = "d",
                    ["codeSnippets"] = new JsonObject { ["language"] = "python", ["entryFile"] = "main.py", ["entryFunc"] = "f", ["fileContents"] = new JsonObject { ["main.py"] = $"x = {random.Next()}" } },
                }),
            },
        },
        new("evaluationJobs")
        {
            Wrapper = "evaluationJob", IdField = "evaluationJobId", IdOptional = true, DefaultOrder = "createTime", Needs = Needs.Rows | Needs.Rewards,
            Always = ["evaluator", "inputDataset", "outputDataset"],
            Values = new Dictionary<string, Func<Stage, Random, JsonNode?>>
            {
                ["evaluator"] = (stage, _) => stage.Evaluator,
                ["inputDataset"] = (stage, _) => stage.Prompts,
                ["outputDataset"] = (_, random) => $"accounts/local/datasets/scored-{random.Next()}",
            },
        },
        new("routers")
        {
            Unpublished = true, IdField = "routerId", IdInQuery = true, IdOptional = true, Needs = Needs.Deployments, Always = ["deployments"],
            Values = new Dictionary<string, Func<Stage, Random, JsonNode?>> { ["deployments"] = (stage, random) => new JsonArray([.. stage.Deployments.Skip(random.Next(2)).Select(name => JsonValue.Create(name))]) },
        },
        new("identityProviders")
        {
            Unpublished = true, IdField = "identityProviderId", IdInQuery = true, IdOptional = true, Always = ["samlConfig"],
            Apart = new Dictionary<string, string> { ["oidcConfig"] = "its secret is never shown" },
            Values = new Dictionary<string, Func<Stage, Random, JsonNode?>> { ["tenantDomains"] = (_, random) => new JsonArray($"a{random.Next(99)}.example.com", "b.example.com") },
        },
        new("quotas")
        {
            Unpublished = true, Int64 = ["value", "maxValue"],
            Values = new Dictionary<string, Func<Stage, Random, JsonNode?>> { ["value"] = (_, random) => random.Next(1, 1_000_000).ToString() },
            FitPatch = (patch, quota) => patch["value"] = Math.Min(long.Parse(patch["value"]?.ToString() ?? "7"), long.Parse(quota["maxValue"]!.ToString())).ToString(),
        },
        new("deploymentShapes") { Parents = Catalogue },
        new("deploymentShapeVersions")
        {
            ListPath = "/v1/accounts/{account_id}/deploymentShapes/{deployment_shape_id}/versions",
            Parents = new Dictionary<string, string>(Catalogue) { ["deployment_shape_id"] = "tiny-fast" },
        },
        new("deployments")
        {
            IdField = "deploymentId", IdInQuery = true, IdOptional = true, DefaultOrder = "createTime", DeleteQuery = "?ignoreChecks=true", SoftDelete = true,
            Always = ["baseModel"], Fixed = ["baseModel", "placement"], Moving = ["state", "updateTime", "desiredReplicaCount", "replicaCount", "replicaStats", "hearthPlacement"],
            Following = ["region"], // the placement's
            Apart = new Dictionary<string, string>
            {
                ["deploymentShape"] = "brings values of its own: DeploymentShapeContractTests",
                ["enableHotReloadLatestAddon"] = "excludes enableAddons: DeploymentTests",
            },
            Values = new Dictionary<string, Func<Stage, Random, JsonNode?>>
            {
                ["baseModel"] = (_, _) => TestServer.Base,
                ["minReplicaCount"] = (_, random) => random.Next(2),
                ["maxReplicaCount"] = (_, random) => random.Next(1, 5),
                ["maxContextLength"] = (_, random) => random.Next(16, 1024),
                ["ngramSpeculationLength"] = (_, random) => random.Next(65),
                ["placement.regions"] = (_, _) => new JsonArray("US_IOWA_1", "EU_PARIS_1"),
                ["autoscalingPolicy"] = (_, random) => new JsonObject
                {
                    ["scaleUpWindow"] = $"{random.Next(3600)}s", ["scaleDownWindow"] = $"{random.Next(3600)}s", ["scaleToZeroWindow"] = $"{random.Next(300, 9999)}s",
                    ["loadTargets"] = new JsonObject { ["default"] = 0.01 + Math.Round(random.NextDouble() * 0.9, 3), ["concurrent_requests"] = random.Next(1, 9) },
                },
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

    /// <summary>The settings that all kinds of fine-tuning jobs share.</summary>
    private static Dictionary<string, Func<Stage, Random, JsonNode?>> Training(string prefix, Func<Stage, string> rows, int maxRank) => new()
    {
        ["dataset"] = (stage, _) => rows(stage),
        ["evaluationDataset"] = (stage, _) => rows(stage),
        [$"{prefix}baseModel"] = (_, _) => TestServer.Base,
        [$"{prefix}warmStartFrom"] = (stage, random) => stage.Adapters[random.Next(stage.Adapters.Count)],
        [$"{prefix}outputModel"] = (_, random) => $"accounts/local/models/out-{random.Next()}",
        [$"{prefix}loraRank"] = (_, random) => 1 << random.Next(2, maxRank + 1),
        [$"{prefix}learningRate"] = (_, random) => random.Next(10, 500) / 1_000_000.0,
        [$"{prefix}maxContextLength"] = (_, random) => random.Next(16, 1025),
        [$"{prefix}epochs"] = (_, random) => random.Next(1, 6),
        ["lossConfig.klBeta"] = (_, random) => random.Next(1, 100) / 1000.0,
        ["lossConfig.dpo.beta"] = (_, random) => random.Next(1, 50) / 100.0,
        ["wandbConfig"] = (_, random) => new JsonObject { ["project"] = $"p{random.Next()}", ["entity"] = "e" }, // its key is a secret, and never shown
    };

    /// <summary>A job has one of baseModel and warmStartFrom; an adapter brings its rank.</summary>
    private static bool FitTraining(JsonObject settings, bool mayContinue)
    {
        if (!mayContinue) settings.Remove("warmStartFrom");
        if (!settings.ContainsKey("warmStartFrom"))
        {
            settings["baseModel"] = TestServer.Base;
            return true;
        }
        settings.Remove("baseModel");
        settings.Remove("loraRank");
        return true;
    }

    /// <summary>An early stop needs evaluation rows.</summary>
    private static bool FitEarlyStop(JsonObject body) =>
        body.ContainsKey("evaluationDataset") || body["evalAutoCarveout"]?.GetValue<bool>() == true || body.Remove("earlyStop") || true;

    private static bool FitLoss(JsonObject body, params string[] methods)
    {
        if (body["lossConfig"] is not JsonObject loss) return true;
        var method = loss["method"]?.ToString() ?? methods[0];
        if (!methods.Contains(method)) loss["method"] = method = methods[method.Length % methods.Length];
        if (method != "DPO") loss.Remove("dpo");
        if (method is not ("GRPO" or "GSPO_TOKEN")) loss.Remove("klBeta");
        return true;
    }

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
