using System.Text.Json;
using System.Text.Json.Nodes;
using Hearth.Tokenization;

namespace Hearth.Models;

/// <summary>
/// Rows of a data set as a model reads them: what is trained, shown and counted is all read here. Formats are told apart by their fields, as the
/// platform's checks do.
/// </summary>
/// <param name="stopTokens">The model's end tokens; a completion ends with the first one.</param>
public sealed class RowTokenizer(ModelText text, IReadOnlyList<int> stopTokens)
{
    public RowTokenizer(ModelText text, ModelConfiguration configuration) : this(text, configuration.EosTokenIds)
    {
    }

    /// <summary>Every example of a row: one; several where a template rewrites earlier turns, and for pairs and trajectories.</summary>
    /// <exception cref="ChatRowException">The row cannot be read; the message says why.</exception>
    public IReadOnlyList<RowExample> Read(string json) => Run(json, row =>
        row["messages"] is JsonArray ? Conversation(row)
        : row["input"] is JsonObject input ? Pair(row, input)
        : row["samples"] is JsonArray samples ? Trajectories(samples)
        : row["body"] is JsonObject body ? [Request(body)]
        : [Completion(row)]);

    /// <summary>The examples that supervised tuning trains on: of chat rows and completions.</summary>
    /// <exception cref="ChatRowException">The row has nothing to train on, or cannot be read.</exception>
    public IReadOnlyList<RowExample> ReadTrained(string json) => Run(json, row =>
        row["prompt"] is null && row["completion"] is null ? Trained(row) : [Completion(row)]);

    private static IReadOnlyList<RowExample> Run(string json, Func<JsonObject, IReadOnlyList<RowExample>> read)
    {
        try
        {
            return read(JsonNode.Parse(json) as JsonObject ?? throw Malformed("the row is no JSON object"));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            // JsonNode throws these where a key stands twice, a value is of another kind, or half a surrogate pair is read.
            throw new ChatRowException(ChatRowError.Malformed, $"Chat row: not valid: {e.Message}", e);
        }
    }

    private IReadOnlyList<RowExample> Conversation(JsonObject row)
    {
        var messages = (JsonArray)row["messages"]!;
        return messages.Any(message => Role(message) == "assistant") && TrainsSomething(messages) ? Trained(row) : [Prompt("prompt", messages, row["tools"])];
    }

    private List<RowExample> Trained(JsonObject row)
    {
        var examples = Mask(row, text.Chat.Examples);
        var weight = WeightOf(row);
        return [.. examples.Select((example, i) => new RowExample(examples.Count == 1 ? "" : $"turn {i + 1}", example, weight))];
    }

    private List<RowExample> Pair(JsonObject row, JsonObject input) =>
        [.. LastTurn("preferred_output", row, input), .. LastTurn("non_preferred_output", row, input)];

    private IEnumerable<RowExample> LastTurn(string name, JsonObject row, JsonObject input)
    {
        if (input["messages"] is not JsonArray asked || row[name] is not JsonArray answer) throw Malformed($"input.messages and {name} must be lists");
        var messages = new JsonArray([.. asked.Select(message => Untrained(message)), .. answer.Select(message => message?.DeepClone())]);
        var chat = new JsonObject { ["messages"] = messages, ["tools"] = input["tools"]?.DeepClone() };
        return Mask(chat, text.Chat.MaskEachTurn).Select(example => new RowExample(name, example, 1));
    }

    private List<RowExample> Trajectories(JsonArray samples) => [.. samples.SelectMany((sample, i) => sample is JsonObject fields
        ? Mask(fields, text.Chat.Examples).Select(example => new RowExample($"sample {i + 1}", example, 1))
        : throw Malformed("a sample must be an object"))];

    private RowExample Request(JsonObject body) => body["prompt_token_ids"] is JsonArray ids
        ? new RowExample("prompt", new MaskedExample([.. ids.Select(id => id!.GetValue<int>())], new bool[ids.Count], []), 1)
        : body["messages"] is JsonArray messages ? Prompt("prompt", messages, body["tools"]) : throw Malformed("body needs messages");

    private RowExample Prompt(string name, JsonArray messages, JsonNode? tools)
    {
        RequireText(messages);
        try
        {
            var rendered = MessageForms.Render(
                WithoutWeights(messages), form => text.Chat.Render(form, tools as JsonArray, addGenerationPrompt: Role(messages[^1]) != "assistant").Text);
            return new RowExample(name, Unmasked(text.Tokenizer.EncodeTokens(rendered), rendered), 1);
        }
        catch (ChatTemplateException error)
        {
            throw new ChatRowException(ChatRowError.Template, $"Chat row: the chat template refuses it: {error.Message}", error);
        }
    }

    // Prompt and completion are tokenized apart, as they are when the model is asked; the stop token teaches it to end.
    private RowExample Completion(JsonObject row)
    {
        var (prompt, completion) = (Text(row, "prompt"), Text(row, "completion"));
        var asked = Unmasked(text.Tokenizer.EncodeTokens(prompt, addSpecialTokens: true), prompt);
        var said = Unmasked(text.Tokenizer.EncodeTokens(completion), completion);
        var start = prompt.EnumerateRunes().Count();
        var end = start + completion.EnumerateRunes().Count();
        var stop = stopTokens.Take(1).ToArray();
        var stopText = string.Concat(stop.Select(id => text.Tokenizer.TokenText(id)));
        int[] ids = [.. asked.Ids, .. said.Ids, .. stop];
        return new RowExample("", new MaskedExample(ids, [.. ids.Select((_, i) => i >= asked.Ids.Length)], [(asked.Ids.Length, ids.Length)])
        {
            Text = prompt + completion + stopText,
            Ranges =
            [
                .. asked.Ranges,
                .. said.Ranges.Select(range => new TextRange(range.Start + start, range.End + start)),
                .. stop.Select(_ => new TextRange(end, end + stopText.EnumerateRunes().Count())),
            ],
        }, WeightOf(row));
    }

    private static MaskedExample Unmasked(List<EncodedToken> tokens, string source) =>
        new([.. tokens.Select(token => token.Id)], new bool[tokens.Count], []) { Text = source, Ranges = [.. tokens.Select(token => token.Range)] };

    private static IReadOnlyList<MaskedExample> Mask(JsonObject row, Func<ChatRow, IReadOnlyList<MaskedExample>> mask)
    {
        if (row["messages"] is not JsonArray messages) return mask(ChatRow.From(row)); // which says what is missing
        RequireText(messages);
        return MessageForms.Render(messages, form =>
            mask(ChatRow.From(new JsonObject { ["messages"] = form.DeepClone(), ["tools"] = row["tools"]?.DeepClone() })));
    }

    private static void RequireText(JsonArray messages)
    {
        if (messages.Any(MessageForms.HoldOthers))
            throw new ChatRowException(ChatRowError.Malformed, "Chat row: it holds images, and the model reads text only. Choose a vision model, or take the images out.");
    }

    private static JsonArray WithoutWeights(JsonArray messages)
    {
        JsonArray copy = [.. messages.Select(message => message?.DeepClone())];
        foreach (var message in copy.OfType<JsonObject>()) message.Remove("weight");
        return copy;
    }

    private static JsonNode? Untrained(JsonNode? message)
    {
        var copy = message?.DeepClone();
        if (copy is JsonObject fields) fields["weight"] = 0;
        return copy;
    }

    private static bool TrainsSomething(JsonArray messages) =>
        messages.Any(message => Role(message) == "assistant" && !(message!["weight"] is JsonValue weight && weight.TryGetValue<double>(out var value) && value == 0));

    private static string? Role(JsonNode? message) => message is JsonObject fields && fields["role"] is JsonValue value && value.TryGetValue<string>(out var role) ? role : null;

    private static double WeightOf(JsonObject row) => row["weight"] is JsonValue value && value.TryGetValue<double>(out var weight) ? weight : 1;

    private static string Text(JsonObject row, string field) =>
        row[field] is JsonValue value && value.TryGetValue<string>(out var found) ? found : throw Malformed($"'{field}' must be a string");

    private static ChatRowException Malformed(string what) => new(ChatRowError.Malformed, $"Chat row: {what}.");
}

/// <summary>One sequence of a row.</summary>
/// <param name="Name">Which part of the row it is; empty where it is all of it.</param>
/// <param name="Tokens">Its tokens and which of them count in the loss.</param>
/// <param name="Weight">The row's own multiplier of the loss.</param>
public sealed record RowExample(string Name, MaskedExample Tokens, double Weight);
