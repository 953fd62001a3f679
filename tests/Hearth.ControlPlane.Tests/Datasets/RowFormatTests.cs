using Xunit;

namespace Hearth.ControlPlane.Tests;

/// <summary>Each format's rules: what passes, what breaks which rule.</summary>
public sealed class RowFormatTests
{
    [Theory]
    [InlineData("""{"messages":[{"role":"system","content":"s"},{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}""")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"text","text":"q"},{"type":"text","text":""}]},{"role":"assistant","content":"a","weight":1.0}]}""")]
    [InlineData("""{"messages":[{"role":"user","content":"q","name":null},{"role":"assistant","content":"a","weight":0}],"extra":{"kept":[1]}}""")]
    [InlineData("""{"messages":[{"role":"user","content":"\ud83d\ude00 \\ud800"},{"role":"assistant","content":""}]}""")]
    public void A_chat_row_passes(string row) => Assert.Equal(RowFormat.Chat, RowCheck.Passes(row).Format);

    [Theory]
    [InlineData("[]", "a row must be a JSON object, not an empty list")]
    [InlineData("{}", "missing required field messages")]
    [InlineData("""{"messages":{}}""", "messages must be a non-empty list, not an object")]
    [InlineData("""{"messages":[]}""", "messages must be a non-empty list, not an empty list")]
    [InlineData("""{"messages":["x"]}""", "message 0 must be an object, not a string")]
    [InlineData("""{"messages":[{"content":"x"}]}""", "message 0 has no role")]
    [InlineData("""{"messages":[{"role":"bananas","content":"x"}]}""", "invalid role bananas in message 0, must be 'system', 'user', 'assistant' or 'tool'")]
    [InlineData("""{"messages":[{"role":"user","content":"x"},{"role":"system","content":"x"}]}""", "message 1 is a system message, which may only come first")]
    [InlineData("""{"messages":[{"role":"user"}]}""", "message 0 has no content")]
    [InlineData("""{"messages":[{"role":"user","content":7}]}""", "the content of message 0 must be a string or a list of parts, not a number")]
    [InlineData("""{"messages":[{"role":"user","content":[]}]}""", "the content of message 0 is an empty list")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"audio"}]}]}""", "a part of message 0 is neither text nor image_url")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"text"}]}]}""", "a text part of message 0 has no text")]
    [InlineData("""{"messages":[{"role":"assistant","content":"x","weight":2}]}""", "the weight of message 0 must be 0 or 1")]
    [InlineData("""{"messages":[{"role":"assistant","content":"x","weight":"1"}]}""", "the weight of message 0 must be 0 or 1")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"weight":"much"}""", "the row's weight must be a number of 0 or more")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"weight":-1}""", "the row's weight must be a number of 0 or more")]
    public void A_chat_row_breaks_a_rule(string row, string rule) => RowCheck.Fails(row, rule);

    [Fact]
    public void What_a_chat_row_would_train_is_told()
    {
        Assert.True(RowCheck.Passes(RowCheck.Good).Trainable);
        Assert.False(RowCheck.Passes("""{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a","weight":0}]}""").Trainable);
        Assert.False(RowCheck.Passes("""{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}],"weight":0}""").Trainable);
        var prompt = RowCheck.Passes("""{"messages":[{"role":"user","content":"q"}],"ground_truth":[1]}""");
        Assert.Equal((false, RowFeatures.Prompt | RowFeatures.GroundTruth), (prompt.Trainable, prompt.Features));
    }

    [Theory]
    [InlineData("""{"messages":[{"role":"user","content":"q"},{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":"{}"}}]},{"role":"tool","content":"r"}],"tools":[{"anything":1}]}""")]
    [InlineData("""{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{\"a\": [1, \"\\u00fc\"]}"}}]}],"tools":[]}""")]
    [InlineData("""{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a","tool_calls":null}],"tools":null}""")]
    [InlineData("""{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a","tool_calls":[]}]}""")]
    public void Tools_pass(string row) => RowCheck.Passes(row);

    [Theory]
    [InlineData("""{"messages":[{"role":"user","content":"q"}],"tools":{}}""", "tools must be a list, not an object")]
    [InlineData("""{"messages":[{"role":"user","content":"q"}],"tools":["f"]}""", "a tool must be an object, not a string")]
    [InlineData("""{"messages":[{"role":"user","content":"q","tool_calls":[{"function":{"name":"f","arguments":"{}"}}]}]}""", "message 0 calls tools but is not the assistant's")]
    [InlineData("""{"messages":[{"role":"assistant","tool_calls":[]}]}""", "message 0 has no content")]
    [InlineData("""{"messages":[{"role":"assistant","tool_calls":{}}]}""", "the tool_calls of message 0 must be a list, not an object")]
    [InlineData("""{"messages":[{"role":"assistant","tool_calls":[{"type":"function"}]}]}""", "tool call 0 of message 0 has no function")]
    [InlineData("""{"messages":[{"role":"assistant","tool_calls":[{"type":"code","function":{"name":"f","arguments":"{}"}}]}]}""", "tool call 0 of message 0 has a type other than function")]
    [InlineData("""{"messages":[{"role":"assistant","tool_calls":[{"function":{"arguments":"{}"}}]}]}""", "tool call 0 of message 0 has no function name")]
    [InlineData("""{"messages":[{"role":"assistant","tool_calls":[{"function":{"name":"f"}}]}]}""", "tool call 0 of message 0 has no arguments")]
    [InlineData("""{"messages":[{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":{"a":1}}}]}]}""", "the arguments of tool call 0 of message 0 must be a JSON string, not an object")]
    [InlineData("""{"messages":[{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":"{\"a\":"}}]}]}""", "the arguments of tool call 0 of message 0 are not the text of a JSON object")]
    [InlineData("""{"messages":[{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":"[1]"}}]}]}""", "the arguments of tool call 0 of message 0 are not the text of a JSON object")]
    public void Tools_break_a_rule(string row, string rule) => RowCheck.Fails(row, rule);

    [Fact]
    public void Thinking_is_a_string_of_the_assistants()
    {
        var facts = RowCheck.Passes("""{"messages":[{"role":"user","content":"q","reasoning_content":null},{"role":"assistant","reasoning_content":"t","content":"a"}]}""");
        Assert.Equal(RowFeatures.Thinking, facts.Features);
        RowCheck.Fails("""{"messages":[{"role":"user","content":"q","reasoning_content":"t"}]}""", "message 0 has reasoning_content but is not the assistant's");
        RowCheck.Fails("""{"messages":[{"role":"assistant","content":"q","reasoning_content":["t"]}]}""", "the reasoning_content of message 0 must be a string, not a list");
    }

    [Fact]
    public void A_completion_has_two_strings()
    {
        Assert.Equal((RowFormat.Completion, true), (RowCheck.Passes("""{"prompt":"","completion":"c"}""").Format, RowCheck.Passes("""{"prompt":"p","completion":"c"}""").Trainable));
        RowCheck.Fails("""{"prompt":1,"completion":"c"}""", "prompt and completion must be strings");
        RowCheck.Fails("""{"prompt":"p"}""", "missing required field completion");
        RowCheck.Fails("""{"completion":"c"}""", "missing required field prompt");
        RowCheck.Fails("""{"prompt":"p","completion":""}""", "the completion is empty");
    }

    private const string Preferred = """[{"role":"assistant","content":"good"}]""", Other = """[{"role":"assistant","content":"bad"}]""";
    private const string Input = """{"messages":[{"role":"user","content":"q"}],"tools":[]}""";

    [Fact]
    public void A_pair_of_answers_passes() =>
        Assert.Equal((RowFormat.Preference, 1), (RowCheck.Passes(Pair(Input, Preferred, Other)).Format, RowCheck.Passes(Pair(Input, Preferred, Other)).Turns));

    [Theory]
    [InlineData("[]", Preferred, "missing required field input")]
    [InlineData("{}", Preferred, "input has no messages")]
    [InlineData("""{"messages":[]}""", Preferred, "the messages of input must be a non-empty list")]
    [InlineData("""{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}""", Preferred, "the last message of input is not the user's")]
    [InlineData("""{"messages":[{"role":"user","content":"q"}],"tools":1}""", Preferred, "tools must be a list, not a number")]
    [InlineData(Input, "[]", "preferred_output must be a list of one message, not an empty list")]
    [InlineData(Input, "\"good\"", "preferred_output must be a list of one message, not a string")]
    [InlineData(Input, """[{"role":"assistant","content":"a"},{"role":"user","content":"b"}]""", "preferred_output must be a list of one message, not of 2")]
    [InlineData(Input, """[{"role":"user","content":"a"}]""", "the message of preferred_output is not the assistant's")]
    [InlineData(Input, """[{"role":"assistant"}]""", "preferred_output: message 0 has no content")]
    public void A_pair_of_answers_breaks_a_rule(string input, string preferred, string rule) => RowCheck.Fails(Pair(input, preferred, Other), rule);

    [Fact]
    public void Chosen_and_rejected_are_refused_with_the_way_to_convert_them()
    {
        var report = RowCheck.File("""{"chosen":[],"rejected":[]}""", """{"prompt":"p","chosen":"a","rejected":"b"}""", RowCheck.Good);
        Assert.Equal([1L, 2L], report.Faults.Select(fault => fault.Line));
        Assert.All(report.Faults, fault => Assert.Contains("hearth datasets convert --from chosen-rejected", fault.Remedy));
        RowCheck.Fails("""{"input":{"messages":[{"role":"user","content":"q"}]},"preferred_output":[]}""", "preferred_output must be");
        RowCheck.Fails($$"""{"input":{{Input}},"preferred_output":{{Preferred}}}""", "missing required field non_preferred_output");
    }

    [Fact]
    public void Prompts_end_before_the_answer()
    {
        const string prompt = """{"messages":[{"role":"user","content":"q"}],"ground_truth":{"n":1},"difficulty":3}""";
        Assert.Equal(RowFormat.Prompts, RowCheck.Passes(prompt, RowFormat.Prompts).Format);
        RowCheck.Fails(RowCheck.Good, "the last message is the assistant's", RowFormat.Prompts);
        Assert.Equal(("prompts", "CHAT"), (RowCheck.File(prompt, prompt, prompt).HearthFormat, RowCheck.File(prompt, prompt, prompt).Format));
    }

    [Theory]
    [InlineData("""[{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}],"evals":{"score":1,"length":0.5}},{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"b"}],"evals":{"length":1e-3,"score":-1}}]""", null)]
    [InlineData("[]", "samples must be a non-empty list")]
    [InlineData("[1]", "sample 0 has no messages")]
    [InlineData("""[{"messages":[{"role":"owl","content":"q"}],"evals":{"score":1}}]""", "sample 0: invalid role owl in message 0")]
    [InlineData("""[{"messages":[{"role":"user","content":"q"}],"evals":{"score":1}}]""", "sample 0 has no answer to train on")]
    [InlineData("""[{"messages":[{"role":"assistant","content":"a"}]}]""", "sample 0 has no evals")]
    [InlineData("""[{"messages":[{"role":"assistant","content":"a"}],"evals":{}}]""", "sample 0 has no evals")]
    [InlineData("""[{"messages":[{"role":"assistant","content":"a"}],"evals":{"score":"1"}}]""", "the evaluation score of sample 0 must be a number, not a string")]
    [InlineData("""[{"messages":[{"role":"assistant","content":"a"}],"evals":{"s":1}},{"messages":[{"role":"assistant","content":"b"}],"evals":{"t":1}}]""", "sample 1 has evaluations t, but the first one has s")]
    public void Trajectories_have_answers_and_the_same_evaluations(string samples, string? rule)
    {
        var row = $$"""{"samples":{{samples}}}""";
        if (rule is null) Assert.Equal(RowFormat.Trajectories, RowCheck.Passes(row).Format);
        else RowCheck.Fails(row, rule);
    }

    [Theory]
    [InlineData("""{"custom_id":"1","body":{"messages":[{"role":"user","content":"q"}],"max_tokens":3}}""", null)]
    [InlineData("""{"custom_id":"1","body":{"messages":[{"role":"bananas","content":"checked when the job validates"}]}}""", null)]
    [InlineData("""{"custom_id":"1","body":{"prompt_token_ids":[1,2]}}""", null)]
    [InlineData("""{"custom_id":"1","body":{"prompt_token_ids":[1.5]}}""", "body has neither messages nor prompt_token_ids")]
    [InlineData("""{"custom_id":1,"body":{}}""", "custom_id must be a string that is not empty")]
    [InlineData("""{"custom_id":"","body":{}}""", "custom_id must be a string that is not empty")]
    [InlineData("""{"body":{}}""", "custom_id must be a string that is not empty")]
    [InlineData("""{"custom_id":"1"}""", "missing required field body")]
    [InlineData("""{"custom_id":"1","body":{"messages":[]}}""", "body has neither messages nor prompt_token_ids")]
    public void Batch_rows_have_an_id_and_a_request(string row, string? rule)
    {
        if (rule is null) Assert.Equal(RowFormat.Batch, RowCheck.Passes(row).Format);
        else RowCheck.Fails(row, rule);
    }

    [Fact]
    public void A_labelled_answer_has_true_or_false()
    {
        static string Row(string label) => RowCheck.Good[..^1] + $",\"label\":{label}}}";
        Assert.Equal(RowFormat.Kto, RowCheck.Passes(Row("false")).Format);
        Assert.Equal(RowFormat.Chat, RowCheck.Passes(Row("\"spam\"")).Format); // a field of the user's own
        RowCheck.Fails(Row("1"), "label must be true or false, not a number", RowFormat.Kto);
        RowCheck.Fails(RowCheck.Good, "missing required field label", RowFormat.Kto);
        RowCheck.Fails("""{"messages":[{"role":"user","content":"q"}],"label":true}""", "the last message is not the assistant's");
    }

    private static string Pair(string input, string preferred, string other) => $$"""{"input":{{input}},"preferred_output":{{preferred}},"non_preferred_output":{{other}}}""";
}
