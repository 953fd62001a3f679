using Hearth.Contracts;
using Hearth.ControlPlane;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>The collections <c>deploymentShapes</c> and <c>versions</c>, and what a shape does to a deployment.</summary>
public sealed class DeploymentShapeContractTests : ContractCase
{
    private const string Shapes = "/v1/accounts/fireworks/deploymentShapes", Fast = "accounts/fireworks/deploymentShapes/tiny-fast";

    [Fact]
    public async Task Shapes_and_versions_of_the_catalogue_are_as_documented()
    {
        var list = await CheckAsync("GET", Shapes);
        Assert.Equal(["MINIMAL", "FAST", "THROUGHPUT"], list.GetProperty("deploymentShapes").EnumerateArray().Select(shape => shape.GetProperty("presetType").GetString()).OrderBy(preset => preset == "MINIMAL" ? 0 : preset == "FAST" ? 1 : 2));
        Assert.Equal(3, (await CheckAsync("GET", $"{Shapes}?targetModel=tiny")).GetProperty("totalSize").GetInt32());
        Assert.Equal("llama", (await CheckAsync("GET", $"{Shapes}/tiny-fast")).GetProperty("modelType").GetString());
        Assert.Equal(1, (await CheckAsync("GET", $"{Shapes}/tiny-fast/versions")).GetProperty("totalSize").GetInt32());
        Assert.Equal(3, (await CheckAsync("GET", $"{Shapes}/-/versions?filter=snapshot.base_model=%22{TestServer.Base}%22")).GetProperty("totalSize").GetInt32());
        Assert.Equal($"{Fast}/versions/v1", (await CheckAsync("GET", $"{Shapes}/tiny-fast/versions/latest")).GetProperty("name").GetString());
        Assert.Equal(0, (await CheckAsync("GET", $"{Account}/deploymentShapes")).GetProperty("totalSize").GetInt32());
        Assert.Equal(404, (await Server.GetAsync($"{Shapes}/absent/versions")).Status);
        Assert.Equal(404, (await Server.GetAsync($"{Shapes}/tiny-fast/versions/v9")).Status);
    }

    [Theory]
    [InlineData(false, 3)]
    [InlineData(true, 2)]
    public async Task Matching_gives_the_newest_versions_that_fit(bool addons, int count)
    {
        var match = await CheckAsync("POST", $"{Account}/deploymentShapeVersions:match",
            $$"""{"createDeploymentRequest":{"deployment":{"enableAddons":{{(addons ? "true" : "false")}},"baseModel":"{{TestServer.Base}}" },"parent":"accounts/local"} }""");
        Assert.Equal(count, match.GetProperty("deploymentShapeVersions").GetArrayLength());
        Assert.All(match.GetProperty("deploymentShapeVersions").EnumerateArray(), version => Assert.True(version.GetProperty("latestValidated").GetBoolean()));
    }

    [Fact]
    public async Task A_model_with_other_facts_gets_new_versions_and_the_old_ones_stay()
    {
        await Server.Server.RegisterBaseModelAsync("tiny", "/other", TestServer.Facts with { ContextLength = 2048 }, "Tiny");
        var versions = (await CheckAsync("GET", $"{Shapes}/tiny-minimal/versions")).GetProperty("deploymentShapeVersions").EnumerateArray().ToList();
        Assert.Equal([(1024, false), (2048, true)], versions.Select(version => (version.GetProperty("snapshot").GetProperty("maxContextLength").GetInt32(), version.GetProperty("latestValidated").GetBoolean())));
        Assert.Single((await CheckAsync("GET", $"{Shapes}/tiny-fast/versions")).GetProperty("deploymentShapeVersions").EnumerateArray()); // nothing of it changed
    }

    [Theory]
    [InlineData("fast", "tiny-fast", false, true)]
    [InlineData("THROUGHPUT", "tiny-throughput", true, false)]
    [InlineData("cost", "tiny-minimal", true, false)]
    [InlineData("default", "tiny-minimal", true, false)]
    [InlineData("tiny-fast", "tiny-fast", false, true)]
    [InlineData(Fast, "tiny-fast", false, true)]
    [InlineData($"{Fast}/versions/latest", "tiny-fast", false, true)]
    public async Task A_deployment_names_the_version_of_its_shape_and_has_its_settings(string given, string shape, bool addons, bool affinity)
    {
        var deployment = await CheckAsync("POST", $"{Account}/deployments", $$"""{"baseModel":"tiny","deploymentShape":"{{given}}"}""");
        Assert.Equal($"accounts/fireworks/deploymentShapes/{shape}/versions/v1", deployment.GetProperty("deploymentShape").GetString());
        Assert.Equal((addons, affinity), (deployment.GetProperty("enableAddons").GetBoolean(), deployment.GetProperty("enableSessionAffinity").GetBoolean()));
    }

    [Theory]
    [InlineData("", """{"baseModel":"tiny","deploymentShape":"fast","acceleratorType":"NVIDIA_H100_80GB"}""", "acceleratorType NVIDIA_H100_80GB conflicts")]
    [InlineData("", """{"baseModel":"tiny","deploymentShape":"fast","acceleratorCount":2}""", "acceleratorCount 2 conflicts")]
    [InlineData("", """{"baseModel":"tiny","deploymentShape":"fast","enableAddons":true}""", "takes no addons")]
    [InlineData("", """{"baseModel":"other","deploymentShape":"accounts/fireworks/deploymentShapes/tiny-fast"}""", "is for accounts/fireworks/models/tiny")]
    [InlineData("", """{"baseModel":"tiny","deploymentShape":"accounts/fireworks/models/tiny"}""", "names one of models")]
    [InlineData("?acceptShapelessRisk=true", """{"baseModel":"tiny","deploymentShape":"fast"}""", "acceptShapelessRisk")]
    public async Task A_shape_that_does_not_fit_is_refused(string query, string body, string says)
    {
        await Server.Server.RegisterBaseModelAsync("other", "/other", TestServer.Facts, "Other");
        var (status, answer) = await Server.PostAsync($"{Account}/deployments{query}", body);
        Assert.Equal(400, status);
        Assert.Contains(says, answer.GetProperty("message").GetString());
    }

    [Fact]
    public async Task A_deployment_may_change_its_shape()
    {
        await CheckAsync("POST", $"{Account}/deployments?deploymentId=d", """{"baseModel":"tiny","deploymentShape":"fast"}""");
        var changed = await CheckAsync("PATCH", $"{Account}/deployments/d", """{"deploymentShape":"minimal"}""");
        Assert.Equal(("accounts/fireworks/deploymentShapes/tiny-minimal/versions/v1", 1024), (changed.GetProperty("deploymentShape").GetString(), changed.GetProperty("maxContextLength").GetInt32()));
        Assert.Equal(200, (await Server.PostAsync($"{Account}/deployments?skipShapeValidation=true", """{"baseModel":"tiny","deploymentShape":"fast","acceleratorType":"NVIDIA_H100_80GB"}""")).Status);
    }

    [Fact]
    public void Our_records_spell_the_contracts_names_and_enums()
    {
        foreach (var (ours, theirs) in new[] { (typeof(Contracts.DeploymentShape), "DeploymentShape"), (typeof(DeploymentShapeVersion), "DeploymentShapeVersion"), (typeof(MatchDeploymentShapesResponse), "DeploymentShapeVersionMatchResponse") })
        {
            var names = ContractJson.Options.GetTypeInfo(ours).Properties.Where(property => property.Get is not null).Select(property => property.Name);
            Assert.Equal(Contract.Schema(theirs).GetProperty("properties").EnumerateObject().Select(property => property.Name).Order(), names.Order());
        }
        Assert.Equal(
            Contract.Schema("DeploymentShape").GetProperty("properties").GetProperty("presetType").GetProperty("enum").EnumerateArray().Select(preset => preset.GetString()),
            Enum.GetNames<PresetType>());
    }
}
