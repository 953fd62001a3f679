using System.Text.Json;
using Hearth.Contracts;
using Hearth.ControlPlane;
using Hearth.TestKit;
using Hearth.Workers;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>What moves files in and out answers as documented.</summary>
public sealed class TransferContractTests : ContractCase
{
    private static readonly string Tiny = Path.Combine(FixtureFolder.RepositoryRoot, "models", "hearth-tiny");

    protected override void Configure(IServiceCollection services) => services.AddSingleton<IModelProbe, ModelProbe>().AddSingleton<IModelChecks, ModelChecks>();

    [Fact]
    public async Task Transfers_of_datasets_are_as_documented()
    {
        await CheckAsync("POST", $"{Account}/datasets", """{"datasetId":"signed","dataset":{"userUploaded":{},"exampleCount":"5"}}""");
        var rows = TestServer.Rows(5);
        var offer = await CheckAsync("POST", $"{Account}/datasets/signed:getUploadEndpoint", $$$"""{"filenameToSize":{"data.jsonl":"{{{rows.Length}}}"},"readMask":"*"}""");
        await PutAsync(offer, "data.jsonl", System.Text.Encoding.UTF8.GetBytes(rows));
        await CheckAsync("POST", $"{Account}/datasets/signed:validateUpload", "{}");
        await CheckAsync("GET", $"{Account}/datasets/signed:getDownloadEndpoint?downloadLineage=true&readMask=filenameToSignedUrls");
        await CheckAsync("POST", $"{Account}/datasets", """{"datasetId":"copy","dataset":{},"sourceDatasetId":"signed","filter":"messages:*"}""");
        await CheckAsync("GET", $"{Account}/datasets/copy");
        await Server.PostAsync($"{Account}/datasets/signed:splitDataset", """{"datasetIds":["a","b"],"fraction":0.6}""");
        await CheckAsync("GET", $"{Account}/datasets");
    }

    [Fact]
    public async Task Transfers_of_models_are_as_documented()
    {
        await CheckAsync("POST", $"{Account}/models", """{"modelId":"mine","model":{}}""");
        var files = Directory.GetFiles(Tiny).ToDictionary(file => Path.GetFileName(file), File.ReadAllBytes);
        var sizes = JsonSerializer.Serialize(files.ToDictionary(file => file.Key, file => $"{file.Value.Length}"));
        var offer = await CheckAsync("POST", $"{Account}/models/mine:getUploadEndpoint", $$"""{"filenameToSize":{{sizes}},"enableResumableUpload":true,"readMask":""}""");
        foreach (var (file, bytes) in files) await PutAsync(offer, file, bytes);
        await CheckAsync("GET", $"{Account}/models/mine:validateUpload?configOnly=true&skipHfConfigValidation=true&trustRemoteCode=true");
        await CheckAsync("GET", $"{Account}/models/mine:validateUpload");
        await CheckAsync("GET", $"{Account}/models/mine");
        await CheckAsync("GET", $"{Account}/models/mine:getDownloadEndpoint?readMask=*");
        await CheckAsync("POST", $"{Account}/models/mine:prepare", """{"precision":"BF16","readMask":"name"}""");
        await CheckAsync("PATCH", $"{Account}/models/mine", """{"displayName":"Mine","public":true,"supportsTools":true}""");
        await CheckAsync("GET", $"{Account}/models");
        await CheckAsync("DELETE", $"{Account}/models/mine");
    }

    [Fact]
    public void Requests_and_answers_have_the_documented_fields()
    {
        (Type Ours, string Theirs)[] pairs =
        [
            (typeof(GetUploadEndpointRequest), "DatasetGetUploadEndpointParams"), (typeof(SignedUrls), "DatasetGetUploadEndpointResponse"), (typeof(SignedUrls), "DatasetGetDownloadEndpointResponse"),
            (typeof(GetModelUploadEndpointRequest), "ModelGetUploadEndpointParams"), (typeof(ModelUploadUrls), "ModelGetUploadEndpointResponse"), (typeof(SignedUrls), "ModelGetDownloadEndpointResponse"),
            (typeof(ModelValidateUploadResponse), "ModelValidateUploadResponse"), (typeof(PrepareModelRequest), "ModelPrepareParams"), (typeof(ModelParam), "ModelUpdateParams"), (typeof(DatasetParam), "DatasetUpdateParams"),
        ];
        foreach (var (ours, theirs) in pairs)
        {
            var names = ContractJson.Options.GetTypeInfo(ours).Properties.Where(property => property.Get is not null).Select(property => property.Name).Where(name => !name.StartsWith("hearth"));
            Assert.Equal(Contract.Schema(theirs).GetProperty("properties").EnumerateObject().Select(property => property.Name).Where(name => name != "account_id").Order(), names.Order());
        }
    }

    private async Task PutAsync(JsonElement offer, string file, byte[] content)
    {
        using var nobody = Server.NewHttp(null);
        using var response = await nobody.PutAsync(offer.GetProperty("filenameToSignedUrls").GetProperty(file).GetString(), new ByteArrayContent(content));
        Assert.True(response.IsSuccessStatusCode);
    }
}
