using System.Text;
using System.Text.Json;
using Hearth.Contracts;
using Hearth.ControlPlane;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>Evaluators and evaluation jobs in the contract's shapes.</summary>
public sealed class EvaluatorContractTests : ContractCase
{
    [Fact]
    public async Task Evaluators_are_as_documented()
    {
        await Server.AddDatasetAsync("rows");
        var minimal = await CheckAsync("POST", $"{Account}/evaluatorsV2", """{"evaluator":{}}""");
        await CheckAsync("POST", $"{Account}/evaluatorsV2", """
            {"evaluatorId":"full","evaluator":{"displayName":"Full","description":"d","commitHash":"1.0","entryPoint":"a/test_x.py::test_x","requirements":"pytest","defaultDataset":"rows",
             "source":{"type":"TYPE_UPLOAD","githubRepositoryName":"r"},
             "criteria":[{"type":"CODE_SNIPPETS","name":"c","description":"d","codeSnippets":{"language":"python","entryFile":"main.py","entryFunc":"f","fileContents":{"main.py":"x"} } }]} }
            """);
        await CheckAsync("GET", $"{Account}/evaluators/full");
        await CheckAsync("GET", $"/v1/{minimal.GetProperty("name").GetString()}");
        await CheckAsync("GET", $"{Account}/evaluators");
        await CheckAsync("PATCH", $"{Account}/evaluators/full", """{"displayName":"Fuller"}""");
        await CheckAsync("GET", $"{Account}/evaluators/full:getBuildLogEndpoint");
        await CheckAsync("GET", $"{Account}/evaluators/full:getSourceCodeSignedUrl");
        await CheckAsync("POST", $"{Account}/evaluators/full:getUploadEndpoint", """{"filenameToSize":{"p.tar.gz":"10"},"readMask":""}""");
        await CheckAsync("DELETE", $"{Account}/evaluators/full");
    }

    [Fact]
    public async Task The_older_form_of_an_evaluator_is_accepted()
    {
        var (status, body) = await Server.PostAsync($"{Account}/evaluators", """
            {"evaluator_id":"score-v1","evaluator":{"display_name":"Score","multi_metrics":true,"rollup_settings":{"skip_rollup":true},"requirements":"numpy",
             "criteria":[{"name":"score","type":"CODE_SNIPPETS","code_snippets":{"language":"python","entry_file":"main.py","entry_func":"evaluate","file_contents":{"main.py":"x","lib/a.py":"y"} } }]} }
            """);
        Assert.True(status == 200, body.ToString());
        Check("GET", $"{Account}/evaluators/score-v1", body);
        Assert.Equal("y", body.GetProperty("criteria")[0].GetProperty("codeSnippets").GetProperty("fileContents").GetProperty("lib/a.py").GetString());
    }

    [Fact]
    public async Task An_empty_validation_body_is_answered_empty()
    {
        await Server.AddEvaluatorAsync("text");
        await CheckAsync("POST", $"{Account}/evaluators/text:validateUpload", "{}");
    }

    [Fact]
    public async Task Evaluation_jobs_are_as_documented()
    {
        await Server.AddDatasetAsync("prompts", TestServer.PromptRow);
        await Server.AddDatasetAsync("results", """{"messages":[{"role":"user","content":"x"}],"evals":{"score":0.5}}""");
        await Server.AddEvaluatorAsync("judge");
        await CheckAsync("POST", $"{Account}/evaluationJobs", """{"evaluationJob":{"evaluator":"judge","inputDataset":"prompts","outputDataset":"out"}}""");
        await CheckAsync("POST", $"{Account}/evaluationJobs", """
            {"evaluationJobId":"full","leaderboardIds":["l"],"evaluationJob":{"evaluator":"dummy","inputDataset":"dummy","outputDataset":"results","displayName":"d","outputStats":"{}",
             "awsS3Config":{"credentialsSecret":"s","iamRoleArn":"arn"} } }
            """);
        await Server.Server.Services.GetRequiredService<EvaluationJobs>().HandleAsync(new(default, "accounts/local/evaluationJobs/full", EvaluationJobs.DueKind), default);
        var job = await CheckAsync("GET", $"{Account}/evaluationJobs/full");
        Assert.Equal(0.5, job.GetProperty("metrics").GetProperty("score").GetDouble());
        await CheckAsync("GET", $"{Account}/evaluationJobs");
        await CheckAsync("GET", $"{Account}/evaluationJobs/full:getExecutionLogEndpoint");
        await CheckAsync("DELETE", $"{Account}/evaluationJobs/full");
    }

    [Fact]
    public void Our_records_spell_the_contracts_names_and_enums()
    {
        SameNames(typeof(Evaluator), "EvaluatorGetResponse");
        SameNames(typeof(EvaluatorCriterion), "EvaluatorGetResponseCriterion");
        SameNames(typeof(CodeSnippets), "EvaluatorGetResponseCriterionCodeSnippets");
        SameNames(typeof(EvaluatorSource), "EvaluatorSource");
        SameNames(typeof(EvaluationJob), "EvaluationJobGetResponse");
        SameNames(typeof(ExecutionLogEndpoint), "EvaluationJobGetLogEndpointResponse");
        SameNames(typeof(BuildLogEndpoint), "EvaluatorGetBuildLogEndpointResponse");
        Assert.Equal(Enum("EvaluatorGetResponse", "state"), System.Enum.GetNames<EvaluatorState>());
        Assert.Equal(Enum("EvaluatorSource", "type"), System.Enum.GetNames<EvaluatorSourceType>());

        static IEnumerable<string?> Enum(string schema, string field) =>
            Contract.Schema(schema).GetProperty("properties").GetProperty(field).GetProperty("enum").EnumerateArray().Select(value => value.GetString());
    }
}
