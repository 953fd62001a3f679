using System.Text.Json;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>A created resource is the same after a restart, in get, list and filter: every collection, against an in-memory twin.</summary>
public sealed class CollectionTests
{
    private const int Operations = 250;
    private const int Restarts = 2;

    private static readonly ContractDocument Contract = ContractDocument.Load();
    private static readonly ContractDocument Documented = ContractDocument.LoadOwn("Collections/documented-collections.json");

    public static TheoryData<string> Names => [.. CollectionTable.All.Select(collection => collection.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Every_field_comes_back_and_the_collection_is_what_its_twin_says(string name)
    {
        var collection = CollectionTable.Of(name);
        await using var stage = await Stage.SetAsync(collection.Needs);
        await new CollectionWalk(collection, collection.Unpublished ? Documented : Contract, stage, seed: 1).RunAsync(Operations, Restarts);
    }

    [Fact]
    public async Task Every_collection_that_is_there_has_its_line()
    {
        await using var stage = await Stage.SetAsync(Needs.Nothing);
        var lists = Contract.Operations.Where(one => one.Method == "GET" && IsList(Contract.Operation("GET", one.Path).GetProperty("x-response"))).Select(one => one.Path);
        foreach (var path in lists.Except(CollectionTable.All.Select(collection => collection.ListPath)))
        {
            var (status, _) = await stage.Server.GetAsync(System.Text.RegularExpressions.Regex.Replace(path.Replace("{account_id}", "local"), @"\{[^}]+\}", "absent"));
            Assert.True(status == 501, $"{path} answers {status}, but has no line in CollectionTable");
        }
    }

    private static bool IsList(JsonElement response) => response.ValueKind == JsonValueKind.Object && response.TryGetProperty("page", out _);
}
