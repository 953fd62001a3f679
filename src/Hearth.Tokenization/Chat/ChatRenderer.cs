using System.Text.Json.Nodes;

namespace Hearth.Tokenization;

/// <summary>A model's tokenizer and chat template together: conversations to token ids, with or without a loss mask.</summary>
/// <remarks>
/// The loss counts what the model writes: everything of an assistant turn behind its header, thinking and tool calls
/// included, and the end-of-turn token. A template says where that is with {% generation %}; for one that does not, the
/// conversation is rendered prefix by prefix, and refused where a prefix is no prefix of the whole.
/// </remarks>
public sealed class ChatRenderer(
    Tokenizer tokenizer, ChatTemplate template, IReadOnlyDictionary<string, string> specialTokens, TimeProvider? clock = null)
{
    private readonly TimeProvider _clock = clock ?? TimeProvider.System;

    public Tokenizer Tokenizer => tokenizer;

    public ChatTemplate Template => template;

    /// <summary>Reads tokenizer.json, tokenizer_config.json and chat_template.jinja of a model folder.</summary>
    /// <exception cref="InvalidDataException">The folder has no chat template.</exception>
    public static ChatRenderer Load(string folder, TimeProvider? clock = null)
    {
        var config = TokenizerConfig.Load(folder);
        var source = config.ChatTemplate
            ?? throw new InvalidDataException("The model has no chat template: tokenizer_config.json names none and there is no chat_template.jinja.");
        return new ChatRenderer(
            Tokenizer.Load(Path.Combine(folder, "tokenizer.json")), ChatTemplate.Parse(source), config.SpecialTokens, clock);
    }

    /// <summary>The text of a conversation.</summary>
    /// <exception cref="ChatTemplateException">The template failed or refused the conversation.</exception>
    public RenderedChat Render(
        JsonArray messages, JsonArray? tools = null, bool addGenerationPrompt = false, JsonObject? variables = null, bool continueFinalMessage = false) =>
        template.Render(new ChatTemplateInput
        {
            Messages = messages,
            Tools = tools,
            AddGenerationPrompt = addGenerationPrompt,
            ContinueFinalMessage = continueFinalMessage,
            SpecialTokens = specialTokens,
            Variables = variables,
            Now = _clock.GetLocalNow().DateTime,
        });

    /// <summary>The prompt a model answers: the conversation and the opening of an assistant turn.</summary>
    /// <exception cref="ChatTemplateException">The template failed or refused the conversation.</exception>
    public int[] EncodePrompt(JsonArray messages, JsonArray? tools = null, JsonObject? variables = null) =>
        tokenizer.Encode(Render(messages, tools, addGenerationPrompt: true, variables).Text);

    /// <summary>The prompt of a model that goes on with the last message, which is the assistant's own.</summary>
    /// <exception cref="ChatTemplateException">The template failed, refused the conversation, or does not show its last message.</exception>
    public int[] EncodeContinuation(JsonArray messages, JsonArray? tools = null, JsonObject? variables = null) =>
        tokenizer.Encode(Render(messages, tools, addGenerationPrompt: false, variables, continueFinalMessage: true).Text);

    /// <summary>A conversation as one training example.</summary>
    /// <exception cref="ChatRowException">The row cannot be trained on.</exception>
    public MaskedExample Mask(ChatRow row)
    {
        var (text, turns) = LocateTurns(row);
        var assistant = row.AssistantTurns.ToList();
        var isTrained = turns.Select((_, i) => turns.Count != assistant.Count || row.IsTrained[assistant[i]]).ToList();
        if (turns.Count != assistant.Count && assistant.Any(turn => !row.IsTrained[turn]))
        {
            throw new ChatRowException(ChatRowError.Template,
                $"Chat row: the template marks {turns.Count} turns for {assistant.Count} assistant messages, so weights cannot be placed. Leave the weights out or use another template.");
        }

        return LossMask.Build(tokenizer, text, turns, isTrained);
    }

    /// <summary>
    /// A conversation as what is trained on: one example, or one for each trained turn where the template writes earlier turns differently once the
    /// conversation goes on, as those of thinking models do that drop earlier thinking.
    /// </summary>
    /// <exception cref="ChatRowException">The row cannot be trained on.</exception>
    public IReadOnlyList<MaskedExample> Examples(ChatRow row)
    {
        try
        {
            return RewritesTrainedTurns(row) ? MaskEachTurn(row) : [Mask(row)];
        }
        catch (ChatRowException fault) when (fault.Error == ChatRowError.NotAnExtension)
        {
            return MaskEachTurn(row);
        }
    }

    // Without generation blocks, Mask finds this out by itself.
    private bool RewritesTrainedTurns(ChatRow row)
    {
        if (!template.HasGenerations || row.IsTrained.Count(isTrained => isTrained) < 2) return false;
        var text = RenderPrefix(row, row.Messages.Count, prompts: false);
        return row.AssistantTurns.Where(turn => row.IsTrained[turn])
            .Any(turn => !text.StartsWith(RenderPrefix(row, turn + 1, prompts: false).TrimEnd(), StringComparison.Ordinal));
    }

    /// <summary>One example for each trained turn, each as the model sees it at inference: for templates that rewrite earlier turns.</summary>
    /// <exception cref="ChatRowException">The row cannot be trained on.</exception>
    public IReadOnlyList<MaskedExample> MaskEachTurn(ChatRow row) =>
        [.. row.AssistantTurns.Where(turn => row.IsTrained[turn]).Select(turn => MaskLastTurn(row.UpTo(turn)))];

    private MaskedExample MaskLastTurn(ChatRow row)
    {
        if (template.HasGenerations) return Mask(row);
        var (prompt, whole) = (RenderPrefix(row, row.Messages.Count - 1, prompts: true), RenderPrefix(row, row.Messages.Count, prompts: false));
        return LossMask.Build(tokenizer, whole, [TurnBetween(prompt, whole, row.Messages.Count - 1)], [true]);
    }

    private (string Text, IReadOnlyList<TextRange> Turns) LocateTurns(ChatRow row)
    {
        if (template.HasGenerations)
        {
            var rendered = RenderRow(row.Messages, row, prompts: false);
            return rendered.Generations.Count > 0
                ? (rendered.Text, rendered.Generations)
                : throw new ChatRowException(ChatRowError.Template, "Chat row: the template marked no assistant turn, so the loss mask is empty.");
        }

        var text = RenderPrefix(row, row.Messages.Count, prompts: false);
        return (text, [.. row.AssistantTurns.Select(turn => LocateTurn(row, turn, text))]);
    }

    private TextRange LocateTurn(ChatRow row, int turn, string text)
    {
        var prompt = RenderPrefix(row, turn, prompts: true);
        var whole = RenderPrefix(row, turn + 1, prompts: false);
        if (!text.StartsWith(whole, StringComparison.Ordinal)) throw NotAnExtension(turn);
        return TurnBetween(prompt, whole, turn);
    }

    /// <summary>What the turn adds to its prompt, without blanks behind its end-of-turn token.</summary>
    private TextRange TurnBetween(string prompt, string whole, int turn)
    {
        if (!whole.StartsWith(prompt, StringComparison.Ordinal)) throw NotAnExtension(turn);
        var written = whole[prompt.Length..];
        var trimmed = written.TrimEnd();
        var endsTurn = tokenizer.AddedTokens.Any(token => token.IsSpecial && trimmed.EndsWith(token.Content, StringComparison.Ordinal));
        var start = PythonValue.RuneCount(prompt);
        return new TextRange(start, start + PythonValue.RuneCount(endsTurn ? trimmed : written));
    }

    private string RenderPrefix(ChatRow row, int count, bool prompts) => RenderRow(row.First(count), row, prompts).Text;

    private RenderedChat RenderRow(JsonArray messages, ChatRow row, bool prompts)
    {
        try
        {
            return Render(messages, row.Tools, prompts);
        }
        catch (ChatTemplateException error)
        {
            throw new ChatRowException(ChatRowError.Template, $"Chat row: the chat template refuses it: {error.Message}", error);
        }
    }

    private static ChatRowException NotAnExtension(int turn) => new(
        ChatRowError.NotAnExtension,
        $"Chat row: the template writes message {turn} or what precedes it differently once the conversation goes on. Train each turn as its own example, or use a template with generation blocks.");
}
