using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Xunit;

namespace Hearth.EndToEnd.Tests;

/// <summary>Inference fields with the real engine: what a request asks for is what the model does.</summary>
public sealed class ServingTests(ServingTests.SharedServer shared) : IClassFixture<ServingTests.SharedServer>
{
    [Fact]
    public async Task Echo_gives_the_prompt_back_with_its_logprobs()
    {
        var answer = await AskAsync("completions", """ "prompt":"What is 3 + 4?","echo":true,"logprobs":1,"max_tokens":2,"temperature":0,"ignore_eos":true,"return_token_ids":true """);
        var choice = answer.GetProperty("choices")[0];
        var prompt = choice.GetProperty("prompt_token_ids").GetArrayLength();
        Assert.Contains("What is 3 + 4?", choice.GetProperty("text").GetString());
        var logprobs = choice.GetProperty("logprobs").GetProperty("token_logprobs").EnumerateArray().Select(value => value.GetDouble()).ToList();
        Assert.Equal(prompt + 2, logprobs.Count);
        Assert.Equal(0, logprobs[0]);
        Assert.All(logprobs.Skip(1), value => Assert.True(value < 0));
        Assert.Equal(2, choice.GetProperty("token_ids").GetArrayLength());

        // The same prompt as ids, only scored: the same figures.
        var ids = choice.GetProperty("prompt_token_ids").GetRawText();
        var scored = await AskAsync("completions", $""" "prompt":{ids},"echo_last":2,"logprobs":0,"max_tokens":0 """);
        var last = scored.GetProperty("choices")[0].GetProperty("logprobs").GetProperty("token_logprobs").EnumerateArray().Select(value => value.GetDouble()).ToList();
        Assert.Equal(logprobs.Take(prompt).TakeLast(2).Select(value => Math.Round(value, 3)), last.Select(value => Math.Round(value, 3)));
        Assert.Equal(0, scored.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
    }

    [Fact]
    public async Task A_bias_decides_the_token_and_penalties_keep_it_from_coming_back()
    {
        var forced = await AskAsync("completions", """ "prompt":"3 + 4","max_tokens":4,"temperature":0,"ignore_eos":true,"logit_bias":{"65":100},"return_token_ids":true """);
        Assert.Equal("[65,65,65,65]", forced.GetProperty("choices")[0].GetProperty("token_ids").GetRawText());
        var penalised = await AskAsync("completions", """
             "prompt":"3 + 4","max_tokens":40,"temperature":0,"ignore_eos":true,"presence_penalty":2,"frequency_penalty":2,"repetition_penalty":2,"return_token_ids":true
            """);
        var plain = await AskAsync("completions", """ "prompt":"3 + 4","max_tokens":40,"temperature":0,"ignore_eos":true,"return_token_ids":true """);
        Assert.True(Distinct(penalised) > Distinct(plain));

        static int Distinct(JsonElement answer) => answer.GetProperty("choices")[0].GetProperty("token_ids").EnumerateArray().Select(id => id.GetInt32()).Distinct().Count();
    }

    [Fact]
    public async Task Typical_p_and_mirostat_choose_from_what_they_keep()
    {
        // A target of no surprise leaves the best token, whatever the seed and temperature; typical-p 0 leaves one token, too.
        var greedy = await AskAsync("completions", """ "prompt":"3 + 4","max_tokens":20,"temperature":0,"ignore_eos":true,"return_token_ids":true """);
        var hot = await AskAsync("completions", """ "prompt":"3 + 4","max_tokens":20,"temperature":2,"seed":3,"ignore_eos":true,"return_token_ids":true """);
        var unsurprised = await AskAsync("completions", """
             "prompt":"3 + 4","max_tokens":20,"temperature":2,"seed":3,"ignore_eos":true,"return_token_ids":true,"mirostat_target":0,"mirostat_lr":1
            """);
        var typical = await AskAsync("completions", """ "prompt":"3 + 4","max_tokens":20,"temperature":2,"seed":3,"ignore_eos":true,"logprobs":true,"typical_p":0 """);
        Assert.Equal(Ids(greedy), Ids(unsurprised));
        Assert.NotEqual(Ids(greedy), Ids(hot));
        var tokens = typical.GetProperty("choices")[0].GetProperty("logprobs").GetProperty("content").EnumerateArray().ToList();
        Assert.Equal(20, tokens.Count);
        Assert.All(tokens, token => Assert.Equal(0, token.GetProperty("sampling_logprob").GetDouble()));
        Assert.Contains(tokens, token => token.GetProperty("logprob").GetDouble() < -0.01);

        static IEnumerable<int> Ids(JsonElement answer) => answer.GetProperty("choices")[0].GetProperty("token_ids").EnumerateArray().Select(id => id.GetInt32());
    }

    [Fact]
    public async Task A_prediction_makes_the_answer_come_in_fewer_steps_and_changes_nothing_else()
    {
        foreach (var sampling in (string[])["\"temperature\":0", "\"temperature\":1.2,\"seed\":5,\"frequency_penalty\":0.5"])
        {
            var fields = $"\"prompt\":\"What is 3 + 4?\",\"max_tokens\":40,\"ignore_eos\":true,\"return_token_ids\":true,\"logprobs\":true,\"top_logprobs\":2,{sampling}";
            var plain = await AskAsync("completions", fields);
            var ids = plain.GetProperty("choices")[0].GetProperty("token_ids").GetRawText();
            var predicted = await AskAsync("completions", $"{fields},\"speculation\":{ids}");
            Assert.Equal(plain.GetProperty("choices").GetRawText(), predicted.GetProperty("choices").GetRawText());
            var details = predicted.GetProperty("usage").GetProperty("completion_tokens_details");
            Assert.InRange(details.GetProperty("accepted_prediction_tokens").GetInt32(), 30, 39);
            Assert.Equal(0, details.GetProperty("rejected_prediction_tokens").GetInt32());
            Assert.False(plain.GetProperty("usage").TryGetProperty("completion_tokens_details", out _));
        }
    }

    [Fact]
    public async Task A_text_that_repeats_itself_is_guessed_where_the_deployment_says_so()
    {
        await shared.Server.Client.CreateDeploymentAsync(new() { BaseModel = RunningServer.BaseModel, NgramSpeculationLength = 8 }, "guessing");
        await RunningServer.UntilAsync(() => shared.Server.Client.GetDeploymentAsync("guessing").Result.ReplicaStats!.ReadyReplicaCount == 1, "the replica");
        const string fields = "\"prompt\":\"1 2 3 4 1 2 3 4 1 2 3 4 1 2\",\"max_tokens\":60,\"temperature\":0,\"ignore_eos\":true,\"logprobs\":true,\"perf_metrics_in_response\":true";
        var plain = await AskAsync("completions", fields);
        var guessed = await AskAsync("completions", fields, "accounts/local/deployments/guessing");
        Assert.Equal(plain.GetProperty("choices").GetRawText(), guessed.GetProperty("choices").GetRawText());
        Assert.True(guessed.GetProperty("perf_metrics").GetProperty("speculation-generated-tokens").GetInt32() > 0);
        Assert.Equal(0, plain.GetProperty("perf_metrics").GetProperty("speculation-generated-tokens").GetInt32());
    }

    [Fact]
    public async Task What_comes_after_a_stop_string_is_neither_shown_nor_counted()
    {
        const string fields = "\"prompt\":\"What is 3 + 4?\",\"max_tokens\":60,\"temperature\":0,\"ignore_eos\":true,\"return_token_ids\":true";
        var plain = await AskAsync("completions", fields);
        var (text, ids) = (Text(plain), Ids(plain));
        var stop = text.Substring(text.Length / 3, 3);
        for (var prediction = 0; prediction < 2; prediction++)
        {
            // With the answer predicted the engine is many tokens ahead when the stop string is seen.
            var predicted = prediction == 0 ? "" : $",\"speculation\":[{string.Join(',', ids)}]";
            var stopped = await AskAsync("completions", $"{fields},\"stop\":[{JsonSerializer.Serialize(stop)},\"never said\"]{predicted}");
            Assert.Equal(text[..text.IndexOf(stop, StringComparison.Ordinal)], Text(stopped));
            Assert.Equal("stop", stopped.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
            Assert.Equal(ids.Take(Ids(stopped).Count), Ids(stopped));
            Assert.Equal(Ids(stopped).Count, stopped.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        }

        static string Text(JsonElement answer) => answer.GetProperty("choices")[0].GetProperty("text").GetString()!;
        static List<int> Ids(JsonElement answer) => [.. answer.GetProperty("choices")[0].GetProperty("token_ids").EnumerateArray().Select(id => id.GetInt32())];
    }

    [Fact]
    public async Task Several_prompts_get_the_answers_that_each_gets_alone()
    {
        string[] prompts = ["What is 3 + 4?", "Tom has 12 apples", "1"];
        var together = await AskAsync("completions", $""" "prompt":{JsonSerializer.Serialize(prompts)},"max_tokens":6,"temperature":0,"ignore_eos":true """);
        for (var i = 0; i < prompts.Length; i++)
        {
            var alone = await AskAsync("completions", $""" "prompt":{JsonSerializer.Serialize(prompts[i])},"max_tokens":6,"temperature":0,"ignore_eos":true """);
            Assert.Equal(alone.GetProperty("choices")[0].GetProperty("text").GetString(), together.GetProperty("choices")[i].GetProperty("text").GetString());
        }
        Assert.Equal(18, together.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
    }

    [Fact]
    public async Task Truncation_drops_the_oldest_messages_and_raw_output_shows_what_was_left()
    {
        var history = string.Join(',', Enumerable.Range(0, 20).Select(i =>
            $$"""{"role":"user","content":"Old question {{i}}?"},{"role":"assistant","content":"Old answer {{i}}."}"""));
        const string tail = """ {"role":"user","content":"The last question?"} """;
        var answer = await AskAsync("chat/completions", $$"""
             "messages":[{"role":"system","content":"Stay."},{{history}},{{tail}}],"prompt_truncate_len":120,"max_tokens":1,"raw_output":true
            """);
        var raw = answer.GetProperty("choices")[0].GetProperty("raw_output");
        var prompt = raw.GetProperty("prompt_fragments")[0].GetString()!;
        Assert.Contains("Stay.", prompt);
        Assert.Contains("The last question?", prompt);
        Assert.DoesNotContain("Old question 0?", prompt);
        Assert.Contains("Old answer 19.", prompt);
        Assert.InRange(raw.GetProperty("prompt_token_ids").GetArrayLength(), 60, 120);
    }

    [Fact]
    public async Task Two_replicas_are_two_processes_and_one_that_is_killed_is_not_missed()
    {
        await using var server = await RunningServer.StartAsync(folder: null, "--replicas-per-deployment", "2");
        await server.Client.CreateDeploymentAsync(new() { BaseModel = RunningServer.BaseModel, MinReplicaCount = 2, MaxReplicaCount = 2 }, "twins");
        await RunningServer.UntilAsync(() => Ready() == 2, "two replicas");
        var processes = server.Workers("worker-replica");
        Assert.Equal(2, processes.Count);
        System.Diagnostics.Process.GetProcessById(processes[0]).Kill();
        for (var i = 0; i < 10; i++) Assert.NotEmpty((await server.Client.ChatAsync(RunningServer.Question("accounts/local/deployments/twins", "What is 3 + 4?"))).Choices);
        await RunningServer.UntilAsync(() => Ready() == 2 && server.Workers("worker-replica").Count == 2, "the killed one to be back");

        int Ready() => server.Client.GetDeploymentAsync("twins").Result.ReplicaStats!.ReadyReplicaCount;
    }

    private async Task<JsonElement> AskAsync(string address, string fields, string? model = null)
    {
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", shared.Server.AdminKey);
        using var content = new StringContent($$"""{"model":"{{model ?? shared.Deployment}}",{{fields}}}""", Encoding.UTF8, "application/json");
        using var response = await http.PostAsync(new Uri(shared.Server.Url, $"v1/{address}"), content);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text).RootElement;
    }

    /// <summary>A server with the embedded model deployed.</summary>
    public sealed class SharedServer : IAsyncLifetime
    {
        public RunningServer Server { get; private set; } = null!;
        public string Deployment { get; private set; } = "";

        public async ValueTask InitializeAsync()
        {
            Server = await RunningServer.StartAsync();
            Deployment = await Server.DeployBaseAsync();
        }

        public ValueTask DisposeAsync() => Server.DisposeAsync();
    }
}
