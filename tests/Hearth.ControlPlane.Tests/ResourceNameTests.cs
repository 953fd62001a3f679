using Xunit;

namespace Hearth.ControlPlane.Tests;

/// <summary>Names and ids.</summary>
public sealed class ResourceNameTests
{
    [Theory]
    [InlineData("a", true)]
    [InlineData("my-model-2", true)]
    [InlineData("", false)]
    [InlineData(null, false)]
    [InlineData("2fast", false)]
    [InlineData("ends-", false)]
    [InlineData("-begins", false)]
    [InlineData("Upper", false)]
    [InlineData("under_score", false)]
    public void An_id_has_lower_case_letters_digits_and_hyphens(string? id, bool valid)
    {
        if (valid) Assert.Equal(id, ResourceName.CheckedId(id, "modelId"));
        else Assert.Equal("modelId", Assert.Throws<HearthException>(() => ResourceName.CheckedId(id, "modelId")).Param);
    }

    [Fact]
    public void An_id_has_at_most_63_characters()
    {
        ResourceName.CheckedId(new string('a', 63), "id");
        Assert.Throws<HearthException>(() => ResourceName.CheckedId(new string('a', 64), "id"));
    }

    [Theory]
    [InlineData("accounts/a", "", "accounts", "a", "a")]
    [InlineData("accounts/a/models/m", "accounts/a", "models", "m", "a")]
    [InlineData("accounts/a/users/u/apiKeys/k", "accounts/a/users/u", "apiKeys", "k", "a")]
    public void A_name_knows_its_parent_collection_id_and_account(string text, string parent, string kind, string id, string account)
    {
        var name = ResourceName.Parse(text);
        Assert.Equal((parent, kind, id, account, text), (name.Parent, name.Kind, name.Id, name.Account, name.ToString()));
    }

    [Theory]
    [InlineData("accounts")]
    [InlineData("accounts/a/models")]
    [InlineData("models/m")]
    [InlineData("accounts//models/m")]
    public void What_is_not_a_name_is_refused(string text) => Assert.Throws<HearthException>(() => ResourceName.Parse(text));

    [Fact]
    public void A_bare_id_is_resolved_inside_the_account()
    {
        Assert.Equal("accounts/a/models/m", ResourceName.Resolve("m", "a", ResourceKind.Models).Value);
        Assert.Equal("accounts/b/models/m", ResourceName.Resolve("accounts/b/models/m", "a", ResourceKind.Models).Value);
        Assert.Throws<HearthException>(() => ResourceName.Resolve("accounts/b/datasets/m", "a", ResourceKind.Models));
    }
}
