using Hearth.Contracts;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>The collection <c>secrets</c>, answer by answer.</summary>
public sealed class SecretContractTests : ContractCase
{
    [Fact]
    public async Task Secrets_are_as_documented_from_creation_to_deletion()
    {
        await CheckAsync("POST", $"{Account}/secrets", """{"keyName":"EMPTY","name":"empty"}""");
        var made = await CheckAsync("POST", $"{Account}/secrets", """{"keyName":"OPENAI_API_KEY","value":"sk-1","name":"openai-api-key"}""");
        Assert.Equal(("accounts/local/secrets/openai-api-key", "OPENAI_API_KEY", ""), (made.GetProperty("name").GetString(), made.GetProperty("keyName").GetString(), made.GetProperty("value").GetString()));
        await CheckAsync("PATCH", $"{Account}/secrets/openai-api-key", """{"keyName":"OPENAI_API_KEY","value":"sk-2"}""");
        var changed = await CheckAsync("PATCH", $"{Account}/secrets/openai-api-key", """{"key_name":"OPENAI_KEY"}""");
        Assert.Equal(("OPENAI_KEY", ""), (changed.GetProperty("keyName").GetString(), changed.GetProperty("value").GetString()));
        Assert.Equal("OPENAI_KEY", (await CheckAsync("GET", $"{Account}/secrets/openai-api-key")).GetProperty("keyName").GetString());
        var list = await CheckAsync("GET", $"{Account}/secrets?filter=keyName=%22OPENAI_KEY%22");
        Assert.Equal(1, list.GetProperty("totalSize").GetInt32());
        await CheckAsync("DELETE", $"{Account}/secrets/openai-api-key");
        Assert.Equal(404, (await Server.GetAsync($"{Account}/secrets/openai-api-key")).Status);
        Assert.Equal(1, (await CheckAsync("GET", $"{Account}/secrets")).GetProperty("secrets").GetArrayLength());
    }

    [Fact]
    public async Task The_name_may_be_full_bare_or_left_out()
    {
        const string full = "accounts/local/secrets/wolfram-key";
        Assert.Equal(full, (await CheckAsync("POST", $"{Account}/secrets", $$"""{"name":"{{full}}","value":"v"}""")).GetProperty("name").GetString());
        Assert.Equal("WOLFRAM_KEY", (await CheckAsync("GET", $"/v1/{full}")).GetProperty("keyName").GetString());
        Assert.Equal("accounts/local/secrets/other-key", (await CheckAsync("POST", $"{Account}/secrets", """{"keyName":"OTHER_KEY","value":"v"}""")).GetProperty("name").GetString());
        await CheckAsync("PATCH", $"/v1/{full}", $$"""{"name":"{{full}}","value":"w"}""");
        await CheckAsync("PATCH", $"/v1/{full}", """{"name":"wolfram-key","value":"w"}""");
        Assert.Equal(400, (await Server.SendAsync(HttpMethod.Patch, $"/v1/{full}", """{"name":"other-key","value":"w"}""")).Status);
    }

    [Theory]
    [InlineData("""{"keyName":"1ST","name":"first"}""", 400, "keyName")]
    [InlineData("""{"keyName":"A-B","name":"first"}""", 400, "keyName")]
    [InlineData("""{"keyName":"A","name":"Not_An_Id"}""", 400, "name 'Not_An_Id'")]
    [InlineData("""{"keyName":"A","name":"accounts/other/secrets/a"}""", 400, "is not in accounts/local")]
    [InlineData("""{"keyName":"A","name":"accounts/local/datasets/a"}""", 400, "Give one of secrets")]
    [InlineData("""{"keyName":"A","name":"a","secret":"x"}""", 400, "unknown field")]
    [InlineData("""{"keyName":"TAKEN","name":"another"}""", 409, "keyName TAKEN is the name of accounts/local/secrets/taken")]
    [InlineData("""{"keyName":"FREE","name":"taken"}""", 409, "accounts/local/secrets/taken already exists")]
    [InlineData("{}", 400, "name is required")]
    public async Task What_does_not_fit_is_refused_with_the_rule(string body, int status, string says)
    {
        await CheckAsync("POST", $"{Account}/secrets", """{"keyName":"TAKEN","value":"x","name":"taken"}""");
        var (answered, answer) = await Server.PostAsync($"{Account}/secrets", body);
        Assert.Equal(status, answered);
        Assert.Contains(says, answer.GetProperty("message").GetString());
    }

    [Fact]
    public async Task A_freed_key_name_can_be_taken_again()
    {
        await CheckAsync("POST", $"{Account}/secrets", """{"keyName":"ONE","value":"x","name":"first"}""");
        await CheckAsync("POST", $"{Account}/secrets", """{"keyName":"TWO","value":"x","name":"second"}""");
        Assert.Equal(409, (await Server.SendAsync(HttpMethod.Patch, $"{Account}/secrets/second", """{"keyName":"ONE"}""")).Status);
        await CheckAsync("PATCH", $"{Account}/secrets/first", """{"keyName":"THREE"}""");
        await CheckAsync("PATCH", $"{Account}/secrets/second", """{"keyName":"ONE"}""");
        await CheckAsync("DELETE", $"{Account}/secrets/first");
        await CheckAsync("POST", $"{Account}/secrets", """{"keyName":"THREE","value":"x","name":"third"}""");
    }

    [Fact]
    public async Task A_value_that_is_too_long_is_refused()
    {
        var (status, body) = await Server.PostAsync($"{Account}/secrets", $$"""{"keyName":"BIG","name":"big","value":"{{new string('x', 65_537)}}"}""");
        Assert.Equal((400, true), (status, body.GetProperty("message").GetString()!.Contains("65,536")));
    }

    [Fact]
    public void Our_records_spell_the_contracts_names()
    {
        var names = ContractJson.Options.GetTypeInfo(typeof(Secret)).Properties.Where(property => property.Get is not null).Select(property => property.Name);
        Assert.Equal(Contract.Schema("Secret").GetProperty("properties").EnumerateObject().Select(property => property.Name).Order(), names.Order());
    }
}
