using System.Text.Json.Nodes;
using Hearth.ControlPlane;
using Hearth.Models;

namespace Hearth.Workers;

/// <summary>How chats become prompts: by the base model's files and settings, and for each adapter as it was trained.</summary>
internal sealed class Conversations
{
    private readonly Conversation _base;
    private readonly Dictionary<string, Conversation> _addons = [];
    private readonly Dictionary<string, ModelText> _texts; // by template: adapters that share one share its text, and so do the sets that follow

    private Conversations(ModelFiles files, ReplicaSpec spec, Dictionary<string, ModelText> texts)
    {
        _texts = texts;
        _base = Load(spec.Chat);
        foreach (var addon in spec.Addons.Where(addon => addon.Chat is not null))
            _addons[addon.ModelName] = Load(new(addon.Chat!.Template ?? spec.Chat?.Template, addon.Chat.System ?? spec.Chat?.System));

        Conversation Load(ChatSettings? chat)
        {
            if (!_texts.TryGetValue(chat?.Template ?? "", out var text)) _texts[chat?.Template ?? ""] = text = ModelText.Load(files, chat?.Template);
            return new(text, chat?.System);
        }
    }

    /// <exception cref="InvalidDataException">The tokenizer or a template is unsound.</exception>
    public static Conversations Load(ModelFiles files, ReplicaSpec spec) => new(files, spec, []);

    /// <summary>Those of the same model with other adapters; what is loaded is not loaded again.</summary>
    /// <exception cref="InvalidDataException">A template is unsound.</exception>
    public Conversations With(ModelFiles files, ReplicaSpec spec) => new(files, spec, new(_texts));

    /// <param name="addon">Name of an adapter's model; null: the base model.</param>
    public Conversation Of(string? addon) => addon is not null && _addons.TryGetValue(addon, out var own) ? own : _base;
}

/// <summary>One way of turning chats into prompts.</summary>
internal sealed record Conversation(ModelText Text, string? System)
{
    /// <summary>The messages, behind the model's own system message where they have none.</summary>
    public JsonArray WithSystem(JsonArray messages)
    {
        if (System is null || messages.Any(message => (message as JsonObject)?["role"] is JsonValue role && role.TryGetValue<string>(out var text) && text is "system" or "developer")) return messages;
        messages.Insert(0, new JsonObject { ["role"] = "system", ["content"] = System });
        return messages;
    }
}
