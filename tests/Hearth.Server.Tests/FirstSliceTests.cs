using Hearth.Client;
using Hearth.Contracts;
using Xunit;

namespace Hearth.Server.Tests;

public sealed class FirstSliceTests
{
    [Fact]
    public async Task A_dataset_becomes_a_tuned_model_that_answers_through_its_deployment()
    {
        await using var server = await TestServer.StartAsync();
        var client = server.Client;
        await server.AddDatasetAsync("rows");
        Assert.Equal(UploadState.READY, (await client.GetDatasetAsync("rows")).State);

        var job = await client.CreateSupervisedJobAsync(new() { Dataset = "rows", BaseModel = "tiny", OutputModel = "tuned", BatchSizeSamples = 4 }, "first");
        Assert.Equal(JobState.JOB_STATE_PENDING, job.State);
        await server.TrainAsync(job.Name);
        job = await client.GetSupervisedJobAsync("first");
        Assert.Equal(JobState.JOB_STATE_COMPLETED, job.State);
        Assert.Equal(100, job.JobProgress!.Percent);

        var model = await client.GetModelAsync("tuned");
        Assert.Equal((ModelKind.HF_PEFT_ADDON, UploadState.READY, TestServer.Base, 8), (model.Kind, model.State, model.PeftDetails!.BaseModel, model.PeftDetails.R));

        var deployment = await client.CreateDeploymentAsync(new() { BaseModel = TestServer.Base, EnableAddons = true }, "serve");
        await server.ServeAsync(deployment.Name);
        Assert.Equal(DeploymentState.READY, (await client.GetDeploymentAsync("serve")).State);
        var addon = await client.LoadAddonAsync("tuned", "serve");
        Assert.Equal(DeployedModelState.DEPLOYING, addon.State);
        await server.ServeAsync(deployment.Name);
        Assert.Equal(DeployedModelState.DEPLOYED, (await client.GetDeployedModelAsync(addon.Name)).State);

        var answer = await client.ChatAsync(HearthClient.Ask("accounts/local/models/tuned", "Hi"));
        Assert.Equal("Hello world", answer.Choices[0].Message.Content);
        Assert.Equal("accounts/local/models/tuned", server.Gateway.Requests[^1].Request.Addon);
        Assert.NotNull(server.Gateway.Requests[^1].Request.AddonHash);

        var text = "";
        await foreach (var chunk in client.StreamChatAsync(HearthClient.Ask($"{TestServer.Base}#{deployment.Name}", "Hi"))) text += chunk.Choices[0].Delta.Content;
        Assert.Equal("Hello world", text);
        Assert.Null(server.Gateway.Requests[^1].Request.Addon);
    }
}
