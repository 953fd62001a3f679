using System.Text.Json;
using Hearth.Contracts;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>What moves files in and out answers as documented.</summary>
public sealed class TransferContractTests : ContractCase
{
    [Fact]
    public async Task Transfers_of_datasets_are_as_documented()
    {
        await CheckAsync("POST", $"{Account}/datasets", """{"datasetId":"signed","dataset":{"userUploaded":{},"exampleCount":"5"}}""");
        var rows = TestServer.Rows(5);
        var offer = await CheckAsync("POST", $"{Account}/datasets/signed:getUploadEndpoint", $$$"""{"filenameToSize":{"data.jsonl":"{{{rows.Length}}}"},"readMask":"*"}""");
        await PutAsync(offer, "data.jsonl", rows);
        await CheckAsync("POST", $"{Account}/datasets/signed:validateUpload", "{}");
        await CheckAsync("GET", $"{Account}/datasets/signed:getDownloadEndpoint?downloadLineage=true&readMask=filenameToSignedUrls");
        await CheckAsync("POST", $"{Account}/datasets", """{"datasetId":"copy","dataset":{},"sourceDatasetId":"signed","filter":"messages:*"}""");
        await CheckAsync("GET", $"{Account}/datasets/copy");
        await Server.PostAsync($"{Account}/datasets/signed:splitDataset", """{"datasetIds":["a","b"],"fraction":0.6}""");
        await CheckAsync("GET", $"{Account}/datasets");
    }

    [Fact]
    public void Requests_and_answers_have_the_documented_fields()
    {
        (Type Ours, string Theirs)[] pairs =
        [
            (typeof(GetUploadEndpointRequest), "DatasetGetUploadEndpointParams"), (typeof(SignedUrls), "DatasetGetUploadEndpointResponse"), (typeof(SignedUrls), "DatasetGetDownloadEndpointResponse"),
        ];
        foreach (var (ours, theirs) in pairs)
        {
            var names = ContractJson.Options.GetTypeInfo(ours).Properties.Where(property => property.Get is not null).Select(property => property.Name);
            Assert.Equal(Contract.Schema(theirs).GetProperty("properties").EnumerateObject().Select(property => property.Name).Where(name => name != "account_id").Order(), names.Order());
        }
    }

    private async Task PutAsync(JsonElement offer, string file, string content)
    {
        using var nobody = Server.NewHttp(null);
        using var response = await nobody.PutAsync(offer.GetProperty("filenameToSignedUrls").GetProperty(file).GetString(), new ByteArrayContent(System.Text.Encoding.UTF8.GetBytes(content)));
        Assert.True(response.IsSuccessStatusCode);
    }
}
