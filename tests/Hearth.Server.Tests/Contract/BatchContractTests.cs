using Hearth.Contracts;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>Batch inference jobs against the published contract.</summary>
public sealed class BatchContractTests : ContractCase
{
    private const string Jobs = $"{Account}/batchInferenceJobs";

    [Fact]
    public async Task Batch_jobs_are_as_documented_in_every_state()
    {
        await Server.AddBatchRowsAsync("rows", string.Concat(Enumerable.Range(0, 3).Select(i => $$$"""{"custom_id":"{{{i}}}","body":{"messages":[{"role":"user","content":"Hi"}]}}""" + "\n")));
        await CheckAsync("POST", $"{Jobs}?batchInferenceJobId=small", """{"model":"tiny","inputDatasetId":"rows"}""");
        var full = await CheckAsync("POST", $"{Jobs}?batchInferenceJobId=full", """
            {"model":"accounts/fireworks/models/tiny","inputDatasetId":"accounts/local/datasets/rows","outputDatasetId":"answers","displayName":"All of it","precision":"BF16",
             "inferenceParameters":{"maxTokens":7,"temperature":0.5,"topP":0.9,"topK":5,"n":2,"extraBody":"{\"seed\":1}"},"systemPrompt":"Be brief.","maxJobDuration":"43200s",
             "placement":{"region":"US_IOWA_1"}}
            """);
        Assert.Equal("43200s", full.GetProperty("maxJobDuration").GetString());
        Assert.Equal("accounts/local/datasets/answers", full.GetProperty("outputDatasetId").GetString());
        await Server.UntilAsync(async () => (await Server.Assignments.ListAsync(default)).Count == 2);
        await CheckAsync("GET", $"{Jobs}/full");
        foreach (var id in new[] { "small", "full" }) await Server.ServeAsync($"accounts/local/batchInferenceJobs/{id}");
        await Server.UntilAsync(async () => (await Server.GetAsync($"{Jobs}/full")).Body.GetProperty("state").GetString() == "JOB_STATE_COMPLETED");
        await CheckAsync("GET", $"{Jobs}/full");
        await CheckAsync("GET", $"{Account}/datasets/answers");
        await CheckAsync("POST", $"{Jobs}?batchInferenceJobId=again", """{"model":"tiny","continuedFromJobName":"accounts/local/batchInferenceJobs/full"}""");
        var list = await CheckAsync("GET", Jobs);
        Assert.Equal(3, list.GetProperty("totalSize").GetInt32());
        var named = await CheckAsync("GET", $"{Jobs}?filter=display_name=\"All of it\"");
        Assert.EndsWith("/full", Assert.Single(named.GetProperty("batchInferenceJobs").EnumerateArray()).GetProperty("name").GetString());
        await CheckAsync("DELETE", $"{Jobs}/full");
        Assert.Equal(404, (await Server.GetAsync($"{Jobs}/full")).Status);
    }

    [Fact]
    public void Our_record_spells_the_contracts_names()
    {
        string[] documented = ["expireTime", "waitingOnCapacity", "lifecycle", "systemPrompt", "maxJobDuration", "placement"];
        var names = ContractJson.Options.GetTypeInfo(typeof(BatchInferenceJob)).Properties.Where(property => property.Get is not null).Select(property => property.Name);
        Assert.Equal(Contract.Schema("BatchInferenceJob").GetProperty("properties").EnumerateObject().Select(property => property.Name).Concat(documented).Order(), names.Order());
    }
}
