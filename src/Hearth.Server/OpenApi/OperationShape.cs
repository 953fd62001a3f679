using System.Text.Json;
using Hearth.Contracts;

namespace Hearth.Server;

/// <summary>What an operation takes and gives.</summary>
/// <param name="Answer">Null: no fixed shape.</param>
/// <param name="PageOf">The field of a page that holds <paramref name="Answer"/>s; null where the answer is one.</param>
internal sealed record OperationShape(Type? Body, Type? Answer, string? PageOf, IReadOnlyList<string> Query)
{
    private static readonly string[] ListFields = ["pageSize", "pageToken", "filter", "orderBy", "readMask"];

    /// <summary>Collections whose record is not called by their singular.</summary>
    private static readonly Dictionary<string, string> Singulars = new()
    {
        ["evaluatorsV2"] = "Evaluator",
        ["versions"] = "DeploymentShapeVersion",
        ["auditLogs"] = "AuditLog",
    };

    /// <summary>Records whose bodies are called otherwise than <c>CreateXRequest</c> or <c>XParam</c>.</summary>
    private static readonly Dictionary<string, string> Bodies = new()
    {
        [":scale"] = "ScaleDeploymentRequest",
        ["apiKeys:delete"] = "DeleteApiKeyRequest",
        ["deploymentShapeVersions:match"] = "MatchDeploymentShapesRequest",
        ["models/{}:getUploadEndpoint"] = "GetModelUploadEndpointRequest",
        [":splitDataset"] = "SplitDatasetRequest",
        [":prepare"] = "PrepareModelRequest",
        [":getUploadEndpoint"] = "GetUploadEndpointRequest",
        ["baseModels:import"] = "ImportBaseModelRequest",
        ["usageCosts:query"] = "QueryUsageCostsRequest",
        [":executeTrainStep"] = "ExecuteTrainStepRequest",
        [":estimateCost"] = "SupervisedFineTuningJobParam",
    };

    private static readonly Dictionary<string, string> Answers = new()
    {
        ["datasets/{}:upload"] = "DatasetUpload",
        ["datasets/{}:getDownloadEndpoint"] = "SignedUrls",
        ["datasets/{}:getUploadEndpoint"] = "SignedUrls",
        ["baseModels:import"] = "Model",
        ["models/{}:getDownloadEndpoint"] = "SignedUrls",
        ["models/{}:getUploadEndpoint"] = "ModelUploadUrls",
        ["models/{}:validateUpload"] = "ModelValidateUploadResponse",
        ["evaluators/{}:getUploadEndpoint"] = "SignedUrls",
        ["evaluators/{}:getSourceCodeSignedUrl"] = "SignedUrls",
        ["deploymentShapeVersions:match"] = "MatchDeploymentShapesResponse",
        ["evaluators/{}:getBuildLogEndpoint"] = "BuildLogEndpoint",
        ["evaluationJobs/{}:getExecutionLogEndpoint"] = "ExecutionLogEndpoint",
        ["dpoJobs/{}:getMetricsFileEndpoint"] = "MetricsFileEndpoint",
        ["reinforcementFineTuningJobs/{}:getMetricsFileEndpoint"] = "MetricsFileEndpoint",
        ["supervisedFineTuningJobs/{}:getMetricsFileEndpoint"] = "MetricsFileEndpoint",
        ["rlorTrainerJobs/{}:getMetricsFileEndpoint"] = "MetricsFileEndpoint",
        ["supervisedFineTuningJobs:estimateCost"] = "CostEstimate",
        ["usageCosts:query"] = "QueryUsageCostsResponse",
        ["datasets/{}:splitDataset"] = "SplitDatasetResponse",
    };

    private static readonly Dictionary<string, string[]> Queries = new()
    {
        ["POST batchInferenceJobs"] = ["batchInferenceJobId"],
        ["POST dpoJobs"] = ["dpoJobId"],
        ["POST rlorTrainerJobs"] = ["rlorTrainerJobId"],
        ["POST reinforcementFineTuningJobs"] = ["reinforcementFineTuningJobId"],
        ["POST supervisedFineTuningJobs"] = ["supervisedFineTuningJobId"],
        ["POST users"] = ["userId"],
        ["POST routers"] = ["routerId"],
        ["POST identityProviders"] = ["identityProviderId"],
        ["POST deployments"] = ["deploymentId", "disableAutoDeploy", "disableSpeculativeDecoding", "skipShapeValidation", "skipImageTagValidation", "acceptShapelessRisk", "validateOnly"],
        ["GET deployments"] = ["showDeleted"],
        ["PATCH deployments/{}"] = ["skipShapeValidation"],
        ["DELETE deployments/{}"] = ["hard", "ignoreChecks"],
        ["POST deployedModels"] = ["replaceMergedAddon"],
        ["PATCH evaluators/{}"] = ["prepareCodeUpload"],
        ["GET deploymentShapes"] = ["targetModel"],
        ["GET auditLogs"] = ["startTime", "endTime"],
        ["GET evaluators/{}:getBuildLogEndpoint"] = ["readMask"],
        ["GET evaluators/{}:getSourceCodeSignedUrl"] = ["readMask"],
        ["GET models/{}:getDownloadEndpoint"] = ["readMask"],
        ["GET datasets/{}:getDownloadEndpoint"] = ["downloadLineage", "readMask"],
        ["GET models/{}:validateUpload"] = ["configOnly", "skipHfConfigValidation", "trustRemoteCode"],
    };

    /// <summary>Addresses that are spelt as collections and answer one record over a time.</summary>
    private static readonly Dictionary<string, (string Answer, string[] Query)> Sums = new()
    {
        ["billingUsage"] = ("BillingUsage", ["startTime", "endTime", "usageType", "groupBy"]),
        ["billing/summary"] = ("BillingSummary", ["startTime", "endTime", "granularity"]),
        ["serverlessTokenUsage"] = ("ServerlessTokenUsage", ["startTime", "endTime"]),
    };

    /// <summary>Verbs that answer <c>{}</c>; other verbs of a POST answer their resource.</summary>
    private static readonly string[] Silent = [":cancel", ":validateUpload", ":scale", ":delete", ":prepare", ":executeTrainStep"];

    /// <summary>The shape of a control-plane operation, by the platform's conventions and their few exceptions.</summary>
    /// <param name="pattern">Below the account, parameters written <c>{}</c>: <c>datasets/{}:upload</c>.</param>
    public static OperationShape Of(string method, string pattern)
    {
        if (Sums.TryGetValue(pattern, out var sum)) return new(null, Find(sum.Answer), null, sum.Query);
        var verb = pattern.IndexOf(':') is var colon and >= 0 ? pattern[colon..] : "";
        var segments = pattern.Split(':')[0].Split('/');
        var isItem = segments[^1] == "{}";
        var collection = segments.LastOrDefault(segment => segment != "{}") ?? "";
        var record = Record(collection);
        var query = QueryOf(method, pattern, verb, isItem);
        if (method == "GET" && verb == "" && !isItem) return new(null, record, collection, query);
        return new(method is "GET" or "DELETE" ? null : BodyOf(collection, pattern, verb, isItem), AnswerOf(method, pattern, verb, record), null, query);
    }

    private static Type? AnswerOf(string method, string pattern, string verb, Type? record)
    {
        if (Answers.TryGetValue(pattern, out var named)) return Find(named);
        if (method == "DELETE" || Silent.Contains(verb)) return typeof(EmptyMessage);
        return method == "GET" && verb != "" ? null : record;
    }

    private static Type? BodyOf(string collection, string pattern, string verb, bool isItem)
    {
        if (Bodies.FirstOrDefault(body => pattern.EndsWith(body.Key, StringComparison.Ordinal)) is { Value: { } named }) return Find(named);
        if (verb != "") return typeof(EmptyMessage);
        var singular = Singular(collection);
        return (isItem ? null : Find($"Create{singular}Request")) ?? Find($"{singular}Param");
    }

    private static IReadOnlyList<string> QueryOf(string method, string pattern, string verb, bool isItem) =>
    [
        .. method == "GET" && verb == "" ? isItem ? ["readMask"] : ListFields : (string[])[],
        .. Queries.GetValueOrDefault($"{method} {pattern}", []),
    ];

    private static Type? Record(string collection) => Find(Singular(collection));

    private static string Singular(string collection) => Singulars.GetValueOrDefault(collection) ?? (collection == "" ? "" : char.ToUpperInvariant(collection[0]) + collection[1..].TrimEnd('s'));

    private static Type? Find(string name) => typeof(Dataset).Assembly.GetType($"{typeof(Dataset).Namespace}.{name}");

    /// <summary>Spelt as in a document: <c>datasets.create</c>.</summary>
    public static string Name(string method, string pattern)
    {
        var words = pattern.Split('/', ':').Where(word => word != "{}").Select(word => JsonNamingPolicy.CamelCase.ConvertName(word)).ToList();
        var isItem = pattern.EndsWith("{}", StringComparison.Ordinal);
        var verb = pattern.Contains(':') ? "" : (method, isItem) switch { ("GET", true) => "get", ("GET", false) => "list", ("POST", _) => "create", ("PATCH", _) => "update", _ => "delete" };
        return string.Join('.', verb == "" ? words : [.. words, verb]);
    }
}
