using System.Text.Json;
using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>What chat and text completions share: routing, the answer's frame, headers, server-sent events.</summary>
internal sealed class InferenceCall
{
    private readonly HttpContext _http;
    private readonly GenerationRun _run;
    private readonly GenerationRequest _request;
    private readonly SamplingFields _fields;
    private readonly TimeProvider _clock;

    private InferenceCall(HttpContext http, SamplingFields fields, GenerationRequest request, ModelRoute route, GenerationRun run, TimeProvider clock)
    {
        (_http, _fields, _request, _run, _clock) = (http, fields, request, run, clock);
        Model = route.Model;
        Created = clock.GetUtcNow().ToUnixTimeSeconds();
        http.Response.Headers["fireworks-model"] = route.Model;
        http.Response.Headers["fireworks-deployment"] = route.Deployment.Value;
    }

    public string Model { get; }
    public long Created { get; }
    public int Choices => _request.N;
    public bool LegacyLogprobs => SamplingRules.WantsLegacyLogprobs(_fields);
    public bool TokenIds => _fields.ReturnTokenIds ?? false;

    /// <exception cref="HearthException">The model is not there for this caller, or no replica serves it.</exception>
    public static async ValueTask<InferenceCall> RouteAsync(HttpContext http, SamplingFields fields, GenerationRequest request)
    {
        if (string.IsNullOrEmpty(fields.Model)) throw SamplingRules.Fault("model", "is required.");
        var caller = http.Features.Get<Caller>()!;
        var services = http.RequestServices;
        var route = await services.GetRequiredService<ModelRouter>().RouteAsync(caller, fields.Model, http.RequestAborted);
        var routed = request with { Addon = route.Addon, AddonHash = route.AddonHash };
        var gateway = services.GetService<IReplicaGateway>() ?? throw HearthException.Unimplemented("Serving models");
        var clock = services.GetRequiredService<TimeProvider>();
        return new(http, fields, routed, route, new GenerationRun(gateway, services.GetRequiredService<IStore>(), clock, caller, route, routed), clock);
    }

    public IAsyncEnumerable<GenerationEvent> EventsAsync() => _run.EventsAsync(_http.RequestAborted);

    /// <summary>The whole answer, for callers that do not stream.</summary>
    public async ValueTask<(IReadOnlyList<ChoiceBuilder> Choices, GenerationUsage Usage, IReadOnlyList<int>? PromptTokenIds)> CollectAsync()
    {
        var choices = Enumerable.Range(0, Choices).Select(index => new ChoiceBuilder(index, LegacyLogprobs)).ToArray();
        var usage = new GenerationUsage(0, 0, 0);
        IReadOnlyList<int>? prompt = null;
        await foreach (var part in EventsAsync())
        {
            choices[part.Choice].Add(part);
            prompt = part.PromptTokenIds ?? prompt;
            usage = part.Usage ?? usage;
        }
        return (choices, usage, TokenIds ? prompt : null);
    }

    public static UsageInfo ToUsage(GenerationUsage usage) => new()
    {
        PromptTokens = usage.PromptTokens,
        CompletionTokens = usage.CompletionTokens,
        TotalTokens = usage.PromptTokens + usage.CompletionTokens,
        PromptTokensDetails = new() { CachedTokens = usage.CachedPromptTokens },
    };

    /// <summary>In the body on request.</summary>
    public IReadOnlyDictionary<string, double>? PerfMetrics(GenerationUsage? usage) => _fields.PerfMetricsInResponse == true && usage is not null ? Metrics(usage) : null;

    /// <summary>Answers at once; the metrics are headers too.</summary>
    public async Task WriteAsync<T>(T answer, GenerationUsage usage)
    {
        foreach (var (name, value) in Metrics(usage)) _http.Response.Headers[$"fireworks-{name}"] = value.ToString(System.Globalization.CultureInfo.InvariantCulture);
        _http.Response.ContentType = "application/json";
        await JsonSerializer.SerializeAsync(_http.Response.Body, answer, InferenceJson.Options, _http.RequestAborted);
    }

    /// <summary>
    /// Streams <paramref name="chunks"/> as server-sent events, closed by <c>[DONE]</c>. A fault before the first chunk is an ordinary error;
    /// one after it is an event, and the stream ends.
    /// </summary>
    public async Task StreamAsync<T>(IAsyncEnumerable<T> chunks)
    {
        await using var source = chunks.GetAsyncEnumerator(_http.RequestAborted);
        var more = await source.MoveNextAsync();
        _http.Response.ContentType = "text/event-stream";
        _http.Response.Headers.CacheControl = "no-cache";
        try
        {
            for (; more; more = await source.MoveNextAsync()) await SendAsync(JsonSerializer.SerializeToUtf8Bytes(source.Current, InferenceJson.Options));
            await SendAsync("[DONE]"u8.ToArray());
        }
        catch (Exception error) when (!_http.RequestAborted.IsCancellationRequested)
        {
            await SendAsync(System.Text.Encoding.UTF8.GetBytes(ErrorDialects.Inference(_http, ErrorRoom.ToHearth(error, _http))));
        }
    }

    private async ValueTask SendAsync(byte[] data)
    {
        var body = _http.Response.Body;
        await body.WriteAsync((byte[])[.. "data: "u8, .. data, .. "\n\n"u8], _http.RequestAborted);
        await body.FlushAsync(_http.RequestAborted);
    }

    private Dictionary<string, double> Metrics(GenerationUsage usage) => new()
    {
        ["prompt-tokens"] = usage.PromptTokens,
        ["cached-prompt-tokens"] = usage.CachedPromptTokens,
        ["server-time-to-first-token"] = Math.Round((_run.FirstToken ?? default).TotalSeconds, 3),
        ["server-processing-time"] = Math.Round(_clock.GetElapsedTime(_run.StartedAt).TotalSeconds, 3),
    };
}
