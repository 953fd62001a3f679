using System.Text.Json.Nodes;
using Hearth.ControlPlane;
using Hearth.Models;
using Hearth.TestKit;
using Xunit;

namespace Hearth.Workers.Tests;

/// <summary>A model answers in the form that its owner gave it, an adapter in the one it was trained in.</summary>
public sealed class ConversationTests
{
    private const string Loud = "{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}";
    private const string Quiet = "{% for m in messages %}{{ m.content }};{% endfor %}";
    private static readonly string Tiny = Path.Combine(FixtureFolder.RepositoryRoot, "models", "hearth-tiny");

    [Fact]
    public void Each_adapter_keeps_the_template_of_its_training()
    {
        using var files = ModelFiles.Open(Tiny);
        var conversations = Conversations.Load(files, Spec(new(Loud, null), new AddonSpec("own", "", "") { Chat = new(Quiet, null) }, new AddonSpec("plain", "", "")));
        Assert.Equal("[user] Hi\n", Prompt(conversations, null));
        Assert.Equal("Hi;", Prompt(conversations, "own"));
        Assert.Equal("[user] Hi\n", Prompt(conversations, "plain"));
    }

    [Fact]
    public void Without_settings_the_models_own_template_holds()
    {
        using var files = ModelFiles.Open(Tiny);
        Assert.Equal(ModelText.Load(files).PromptOf(User(), null), Ids(Conversations.Load(files, Spec(null)), null, User()));
    }

    [Fact]
    public void The_models_system_message_stands_where_the_chat_has_none()
    {
        using var files = ModelFiles.Open(Tiny);
        var conversations = Conversations.Load(files, Spec(new(Loud, "Be brief."), new AddonSpec("own", "", "") { Chat = new(Quiet, null) }));
        Assert.Equal("[system] Be brief.\n[user] Hi\n", Prompt(conversations, null));
        Assert.Equal("Be brief.;Hi;", Prompt(conversations, "own"));
        JsonArray said = [new JsonObject { ["role"] = "system", ["content"] = "Sing." }, .. User().Select(message => message!.DeepClone())];
        Assert.Equal("[system] Sing.\n[user] Hi\n", conversations.Of(null).Text.Tokenizer.Decode(Ids(conversations, null, said)));
    }

    private static ReplicaSpec Spec(ChatSettings? chat, params IReadOnlyList<AddonSpec> addons) => new() { ModelPath = Tiny, ModelName = "m", Chat = chat, Addons = addons };

    private static JsonArray User() => [new JsonObject { ["role"] = "user", ["content"] = "Hi" }];

    private static string Prompt(Conversations conversations, string? addon) => conversations.Of(null).Text.Tokenizer.Decode(Ids(conversations, addon, User()));

    private static int[] Ids(Conversations conversations, string? addon, JsonArray messages) =>
        [.. RequestPrompt.Of(new GenerationRequest { RequestId = "r", MessagesJson = messages.ToJsonString() }, conversations.Of(addon))];
}
