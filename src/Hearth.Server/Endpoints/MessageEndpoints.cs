using System.Text;
using System.Text.Json;
using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary><c>/inference/v1/messages</c>, also under <c>/v1</c>: Anthropic's dialect.</summary>
internal static class MessageEndpoints
{
    public static async Task PostAsync(HttpContext http)
    {
        http.Response.Headers["request-id"] = http.TraceIdentifier;
        var body = await ContractReader.ReadInferenceAsync<MessageRequest>(http);
        var request = MessageRules.ToRequest(body, http.TraceIdentifier);
        var call = await InferenceCall.RouteAsync(http, new ChatCompletionRequest { Model = body.Model, RawOutput = body.RawOutput }, request);
        var frame = new Message { Id = $"msg_{http.TraceIdentifier.Replace("-", "")}", Model = call.Model };
        if (body.Stream == true) await StreamAsync(http, EventsAsync(call, frame));
        else await AnswerAsync(call, frame);
    }

    private static async Task AnswerAsync(InferenceCall call, Message frame)
    {
        var text = new StringBuilder();
        await foreach (var (part, raw) in call.EventsAsync())
        {
            text.Append(part.Text);
            if (part.FinishReason is not null) frame = frame with { StopReason = StopReason(part), StopSequence = part.StopSequence, RawOutput = raw };
            if (part.Usage is { } usage) frame = frame with { Usage = ToUsage(usage) };
        }
        var content = text.Length == 0 ? [] : new[] { new TextBlock(text.ToString()) };
        var used = frame.Usage;
        await call.WriteAsync(frame with { Content = content }, new(used.InputTokens + used.CacheReadInputTokens, used.OutputTokens, used.CacheReadInputTokens));
    }

    /// <summary>The message without content, its one block piece by piece, then how it ended. An answer without text has no block.</summary>
    private static async IAsyncEnumerable<object> EventsAsync(InferenceCall call, Message frame)
    {
        var (begun, open) = (false, false);
        await foreach (var (part, raw) in call.EventsAsync())
        {
            if (!begun)
            {
                begun = true;
                yield return new MessageStart(frame with { Usage = new() { InputTokens = part.PromptTokenIds?.Count ?? 0, OutputTokens = part.TokenIds.Count } });
                yield return new BareEvent("ping");
            }
            if (part.Text != "")
            {
                if (!open) yield return new ContentBlockStart(0, new(""));
                open = true;
                yield return new ContentBlockDelta(0, new(part.Text));
            }
            if (part.FinishReason is null) continue;
            if (open) yield return new ContentBlockStop(0);
            yield return new MessageDelta(new() { StopReason = StopReason(part), StopSequence = part.StopSequence }, ToUsage(part.Usage!)) { RawOutput = raw };
            yield return new BareEvent("message_stop");
        }
    }

    private static string StopReason(GenerationEvent last) => last switch
    {
        { StopSequence: not null } => "stop_sequence",
        { FinishReason: "length" } => "max_tokens",
        _ => "end_turn",
    };

    private static MessageUsage ToUsage(GenerationUsage usage) => new()
    {
        InputTokens = usage.PromptTokens - usage.CachedPromptTokens,
        OutputTokens = usage.CompletionTokens,
        CacheReadInputTokens = usage.CachedPromptTokens,
    };

    /// <summary>Events named by their type, without <c>[DONE]</c>. A fault before the first is an ordinary error; one after it is an event, and the stream ends.</summary>
    private static async Task StreamAsync(HttpContext http, IAsyncEnumerable<object> events)
    {
        await using var source = events.GetAsyncEnumerator(http.RequestAborted);
        var more = await source.MoveNextAsync();
        http.Response.ContentType = "text/event-stream";
        http.Response.Headers.CacheControl = "no-cache";
        try
        {
            for (; more; more = await source.MoveNextAsync())
            {
                var json = JsonSerializer.SerializeToElement(source.Current, source.Current.GetType(), InferenceJson.Options);
                await SendAsync(http, json.GetProperty("type").GetString()!, json.GetRawText());
            }
        }
        catch (Exception error) when (!http.RequestAborted.IsCancellationRequested)
        {
            await SendAsync(http, "error", ErrorDialects.Anthropic(http, ErrorRoom.ToHearth(error, http)));
        }
    }

    private static async ValueTask SendAsync(HttpContext http, string name, string data)
    {
        await http.Response.WriteAsync($"event: {name}\ndata: {data}\n\n", http.RequestAborted);
        await http.Response.Body.FlushAsync(http.RequestAborted);
    }
}
