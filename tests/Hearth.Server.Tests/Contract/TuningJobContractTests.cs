using Hearth.Contracts;
using Hearth.ControlPlane;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>Preference jobs, reinforcement jobs and reinforcement steps in the contract's shapes.</summary>
public sealed class TuningJobContractTests : ContractCase
{
    private const string Training = """
        "trainingConfig":{"baseModel":"accounts/fireworks/models/tiny","outputModel":"OUT","epochs":2,"learningRate":0.0002,"learningRateWarmupSteps":3,"loraRank":16,
         "maxContextLength":512,"batchSize":4096,"batchSizeSamples":4,"gradientAccumulationSteps":2,"optimizerWeightDecay":0.1,"jinjaTemplate":"{{ messages }}",
         "region":"US_IOWA_1","samplerCheckpointSaveIntervalSteps":5},
        "wandbConfig":{"enabled":true,"apiKey":"secret","project":"p","entity":"e","runId":"r","url":"u"},
        "awsS3Config":{"credentialsSecret":"s","iamRoleArn":"arn"},"azureBlobStorageConfig":{"credentialsSecret":"s","managedIdentityClientId":"m","tenantId":"t"},
        """;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await Server.AddDatasetAsync("pairs", TestServer.PreferenceRow);
        await Server.AddDatasetAsync("prompts", TestServer.PromptRow);
        await Server.AddDatasetAsync("samples", TestServer.SamplesRow);
        await Server.AddEvaluatorAsync("judge");
        await Server.Client.CreateDeploymentAsync(new() { BaseModel = "tiny" }, "serve");
    }

    [Fact]
    public async Task Preference_jobs_are_as_documented()
    {
        await WalkAsync("dpoJobs", "dpoJobId", """{"dataset":"pairs","trainingConfig":{"baseModel":"tiny"}}""", $$"""
            {"dataset":"accounts/local/datasets/pairs","displayName":"All of it",{{Training}}
             "lossConfig":{"method":"DPO","dpo":{"beta":0.2,"refCacheConcurrency":2,"refCacheBatchSize":3} },
             "rendererHuggingFaceRepoId":"h","reservationTarget":"r","useReservation":true}
            """);
    }

    [Fact]
    public async Task Reinforcement_jobs_are_as_documented()
    {
        await WalkAsync("reinforcementFineTuningJobs", "reinforcementFineTuningJobId",
            """{"dataset":"prompts","evaluator":"judge","trainingConfig":{"baseModel":"tiny"}}""", $$"""
            {"dataset":"accounts/local/datasets/prompts","evaluator":"accounts/local/evaluators/judge","evaluationDataset":"prompts","displayName":"All of it",{{Training}}
             "inferenceParameters":{"temperature":1.2,"topP":0.9,"topK":10,"maxOutputTokens":64,"responseCandidatesCount":8,"extraBody":"{\"stop\":[\"END\"]}"},
             "lossConfig":{"method":"GSPO_TOKEN","klBeta":0.01},"chunkSize":100,"evalAutoCarveout":true,"maxConcurrentRollouts":8,"maxConcurrentEvaluations":64,
             "maxInferenceReplicaCount":2,"mcpServer":"https://mcp.example.com","nodeCount":1,"reservationTarget":"r"}
            """);
    }

    [Fact]
    public async Task Reinforcement_steps_are_as_documented()
    {
        await WalkAsync("rlorTrainerJobs", "rlorTrainerJobId", """{"dataset":"samples","trainingConfig":{"baseModel":"tiny"}}""", $$"""
            {"dataset":"accounts/local/datasets/samples","evaluationDataset":"samples","displayName":"All of it",{{Training}}
             "lossConfig":{"method":"GRPO","klBeta":0.01},"evalAutoCarveout":true,"rewardWeights":["score=1.0","style=0.5"],"rolloutDeploymentName":"accounts/local/deployments/serve",
             "hotLoadDeploymentId":"serve","keepAlive":true,"serviceMode":false,"forwardOnly":true,"nodeCount":1,"usePurpose":"PURPOSE_PILOT"}
            """);
    }

    [Fact]
    public void Our_records_spell_the_contracts_names_and_enums()
    {
        SameNames(typeof(DpoJob), "DpoJob");
        SameNames(typeof(ReinforcementFineTuningJob), "ReinforcementFineTuningJob");
        SameNames(typeof(RlorTrainerJob), "ReinforcementFineTuningStep");
        SameNames(typeof(TrainingConfig), "TrainingConfig");
        SameNames(typeof(ReinforcementLearningLossConfig), "ReinforcementLearningLossConfig");
        SameNames(typeof(DpoConfig), "DpoConfig");
        SameNames(typeof(RolloutParameters), "ReinforcementFineTuningJobInferenceParameters");
        SameNames(typeof(MetricsFileEndpoint), "DpoJobGetMetricsFileEndpointResponse");
        Assert.Equal(
            Contract.Schema("ReinforcementLearningLossConfig").GetProperty("properties").GetProperty("method").GetProperty("enum").EnumerateArray().Select(method => method.GetString()),
            Enum.GetNames<RlLossMethod>());
    }

    private async Task WalkAsync(string collection, string idField, string minimal, string full)
    {
        await CheckAsync("POST", $"{Account}/{collection}?{idField}=small", minimal);
        var asked = full.Replace("OUT", $"{collection.ToLowerInvariant()}-out");
        var made = await CheckAsync("POST", $"{Account}/{collection}?{idField}=full", asked);
        AssertEchoed(System.Text.Json.JsonDocument.Parse(asked).RootElement, made, "");
        await CheckAsync("GET", $"{Account}/{collection}/full");
        await CheckAsync("GET", $"{Account}/{collection}");
        await CheckAsync("POST", $"{Account}/{collection}/small:resume", "{}");
        await Server.ForceStateAsync($"accounts/local/{collection}/small", JobStates.Running);
        await CheckAsync("GET", $"{Account}/{collection}/small");
        await CheckAsync("POST", $"{Account}/{collection}/small:cancel", "{}");
        await CheckAsync("DELETE", $"{Account}/{collection}/small");
    }

    /// <summary>Whatever was set is answered as it was set; names are completed, secrets are not answered.</summary>
    private static void AssertEchoed(System.Text.Json.JsonElement asked, System.Text.Json.JsonElement made, string path)
    {
        foreach (var field in asked.EnumerateObject())
        {
            var answer = made.GetProperty(field.Name);
            if (field.Name == "apiKey") Assert.Equal("", answer.GetString());
            else if (field.Value.ValueKind == System.Text.Json.JsonValueKind.Object) AssertEchoed(field.Value, answer, $"{path}{field.Name}.");
            else Assert.True(answer.ToString().EndsWith(field.Value.ToString()), $"{path}{field.Name}: asked {field.Value}, answered {answer}");
        }
    }
}
