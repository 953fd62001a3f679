using System.Text.Json.Nodes;

namespace Hearth.Tokenization.Tests;

public sealed class ChatRendererTests
{
    private const string ChatMl = """
        {% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}
        """;

    private const string ThinkingDropped = """
        {% for m in messages %}<|im_start|>{{ m.role }}
        {% if m.role == 'assistant' and not loop.last %}{{ m.content.split('</think>')[-1] }}{% else %}{{ m.content }}{% endif %}<|im_end|>
        {% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
        {% endif %}
        """;

    private static readonly Tokenizer Bytes = Tokenizer.Parse(new BpeTrainer(new BpeTrainerOptions { VocabularySize = 259 }).Train());

    [Fact]
    public void A_template_without_marks_trains_answers_and_their_end_token()
    {
        var row = Row("""{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "bc"}, {"role": "user", "content": "d"}, {"role": "assistant", "content": "é"}]}""");
        Assert.Equal("bc<|im_end|>|é<|im_end|>", Trained(ChatMl, row));
    }

    [Fact]
    public void Marks_and_prefix_rendering_find_the_same_turns()
    {
        const string Marked = """
            {% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' }}{% if message['role'] == 'assistant' %}{% generation %}{{ message['content'] + '<|im_end|>' }}{% endgeneration %}{{ '\n' }}{% else %}{{ message['content'] + '<|im_end|>' + '\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}
            """;
        var row = Row("""{"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "a"}, {"role": "assistant", "content": "bc \n"}, {"role": "assistant", "content": ""}, {"role": "user", "content": "d"}, {"role": "assistant", "content": " 🙂", "weight": 0}]}""");
        var (marked, prefixed) = (Renderer(Marked).Mask(row), Renderer(ChatMl).Mask(row));
        Assert.Equal(marked.Ids, prefixed.Ids);
        Assert.Equal(marked.LossMask, prefixed.LossMask);
        Assert.Equal(marked.Turns, prefixed.Turns);
    }

    [Fact]
    public void A_turn_of_weight_zero_stays_in_the_context_untrained()
    {
        var row = Row("""{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "bc", "weight": 0}, {"role": "user", "content": "d"}, {"role": "assistant", "content": "ef", "weight": 1}]}""");
        Assert.Equal("ef<|im_end|>", Trained(ChatMl, row));
        Assert.Contains("bc", Renderer(ChatMl).Tokenizer.Decode(Renderer(ChatMl).Mask(row).Ids), StringComparison.Ordinal);
    }

    [Fact]
    public void A_template_that_rewrites_earlier_turns_is_refused_by_name()
    {
        var row = Row("""{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "x</think>b"}, {"role": "user", "content": "c"}, {"role": "assistant", "content": "y</think>d"}]}""");
        var error = Assert.Throws<ChatRowException>(() => Renderer(ThinkingDropped).Mask(row));
        Assert.Equal(ChatRowError.NotAnExtension, error.Error);
        Assert.Contains("message 1", error.Message, StringComparison.Ordinal);

        var turns = Renderer(ThinkingDropped).MaskEachTurn(row);
        Assert.Equal(["x</think>b<|im_end|>", "y</think>d<|im_end|>"], turns.Select(turn => TrainedText(turn)));
    }

    [Theory]
    [InlineData("[]", ChatRowError.Malformed)]
    [InlineData("{", ChatRowError.Malformed)]
    [InlineData("""{"messages": []}""", ChatRowError.Malformed)]
    [InlineData("""{"messages": [{"content": "a"}]}""", ChatRowError.Malformed)]
    [InlineData("""{"messages": [{"role": "assistant", "content": "a", "weight": 0.5}]}""", ChatRowError.Malformed)]
    [InlineData("""{"messages": [{"role": "user", "content": "a"}]}""", ChatRowError.NoAssistantTurn)]
    [InlineData("""{"messages": [{"role": "assistant", "content": "a", "weight": 0}]}""", ChatRowError.NothingToTrain)]
    public void A_row_that_cannot_be_trained_is_refused_with_its_reason(string json, ChatRowError reason) =>
        Assert.Equal(reason, Assert.Throws<ChatRowException>(() => ChatRow.Parse(json)).Error);

    [Fact]
    public void What_the_template_refuses_is_reported_with_its_own_words()
    {
        var row = Row("""{"messages": [{"role": "assistant", "content": "a"}]}""");
        var error = Assert.Throws<ChatRowException>(() => Renderer("{{ raise_exception('Roles must alternate') }}").Mask(row));
        Assert.Contains("Roles must alternate", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_prompt_is_a_prefix_of_the_conversation_it_begins()
    {
        var renderer = Renderer(ChatMl);
        var messages = JsonNode.Parse("""[{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yo"}]""")!.AsArray();
        var prompt = renderer.EncodePrompt(new JsonArray(messages[0]!.DeepClone()));
        Assert.Equal(prompt, Bytes.Encode(renderer.Render(messages).Text)[..prompt.Length]);
    }

    [Fact]
    public void Truncation_says_when_it_loses_the_end_of_an_answer()
    {
        var example = Renderer(ChatMl).Mask(Row("""{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "bcd"}]}"""));
        var end = example.Turns[^1].End;
        Assert.False(example.CutsFinalAnswer(end));
        Assert.True(example.CutsFinalAnswer(end - 1));
        Assert.Equal(example.TrainedTokens - 1, example.Truncate(end - 1).TrainedTokens);
    }

    private static ChatRow Row(string json) => ChatRow.Parse(json);

    private static ChatRenderer Renderer(string template) => new(Bytes, ChatTemplate.Parse(template), new Dictionary<string, string>());

    private static string Trained(string template, ChatRow row) => TrainedText(Renderer(template).Mask(row));

    /// <summary>The trained stretches, with a bar between them.</summary>
    private static string TrainedText(MaskedExample example) => string.Join('|', example.Turns
        .Where(turn => example.LossMask[turn.Start])
        .Select(turn => Bytes.Decode(example.Ids.AsSpan(turn.Start, turn.End - turn.Start))));
}
