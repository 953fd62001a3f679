using System.Text.Json;
using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>What chat and text completions share: routing, the answer's frame, headers, server-sent events.</summary>
internal sealed class InferenceCall
{
    private readonly HttpContext _http;
    private readonly IReadOnlyList<GenerationRun> _runs;
    private readonly int _choicesPerRun;
    private readonly SamplingFields _fields;
    private readonly TimeProvider _clock;
    private readonly ReplicaLoads _loads;
    private readonly ResourceName _deployment;

    private InferenceCall(
        HttpContext http, SamplingFields fields, int choicesPerRun, ModelRoute route, IReadOnlyList<GenerationRun> runs, ReplicaLoads loads, TimeProvider clock)
    {
        (_http, _fields, _choicesPerRun, _runs, _loads, _deployment, _clock) = (http, fields, choicesPerRun, runs, loads, route.Deployment, clock);
        Model = route.Model;
        Created = clock.GetUtcNow().ToUnixTimeSeconds();
        http.Response.Headers["fireworks-model"] = route.Model;
        http.Response.Headers["fireworks-deployment"] = route.Deployment.Value;
    }

    public string Model { get; }
    public long Created { get; }
    public int Choices => _choicesPerRun * _runs.Count;
    public bool LegacyLogprobs => SamplingRules.WantsLegacyLogprobs(_fields);
    public bool TokenIds => _fields.ReturnTokenIds ?? false;

    /// <exception cref="HearthException">The model is not there for this caller, or no replica serves it.</exception>
    /// <param name="requests">One for each prompt of the call; alike in everything else.</param>
    public static async ValueTask<InferenceCall> RouteAsync(HttpContext http, SamplingFields fields, params IReadOnlyList<GenerationRequest> requests)
    {
        if (string.IsNullOrEmpty(fields.Model)) throw SamplingRules.Fault("model", "is required.");
        var caller = http.Features.Get<Caller>()!;
        var services = http.RequestServices;
        var router = services.GetRequiredService<ModelRouter>();
        var route = await router.RouteAsync(caller, fields.Model, AffinityOf(http, fields), http.RequestAborted);
        if (route.Deployment.Account == ModelCatalogue.CatalogueAccount) await AdmitServerlessAsync(http, caller);
        var gateway = services.GetService<IReplicaGateway>() ?? throw HearthException.Unimplemented("Serving models");
        var clock = services.GetRequiredService<TimeProvider>();
        var (store, draining, metrics) = (services.GetRequiredService<IStore>(), services.GetRequiredService<Draining>(), services.GetRequiredService<GenerationMetrics>());
        var loads = services.GetRequiredService<ReplicaLoads>();
        ValueTask<ModelRoute?> ElsewhereAsync(string lost, CancellationToken cancel) => router.FindReadyAsync(caller, fields.Model, lost, cancel);
        var runs = requests.Select(request =>
            new GenerationRun(gateway, store, clock, draining, metrics, loads, caller, route, For(caller, http, route, request), ElsewhereAsync)).ToList();
        return new(http, fields, requests[0].N, route, runs, loads, clock);
    }

    private static GenerationRequest For(Caller caller, HttpContext http, ModelRoute route, GenerationRequest request) => request with
    {
        Account = caller.Account,
        IsolationKey = request.IsolationKey ?? (http.Request.Headers["x-prompt-cache-isolation-key"].ToString() is { Length: > 0 } key ? key : null),
        Addon = route.Addon,
        AddonHash = route.AddonHash,
    };

    private static string? AffinityOf(HttpContext http, SamplingFields fields)
    {
        var headers = http.Request.Headers;
        string?[] keys = [fields.PromptCacheKey, headers["x-session-affinity"], headers["x-multi-turn-session-id"], fields.User];
        return keys.FirstOrDefault(key => !string.IsNullOrEmpty(key));
    }

    /// <summary>Deployments of the catalogue's account are shared: there an account's quota counts. Its own have no limit but their capacity.</summary>
    private static async ValueTask AdmitServerlessAsync(HttpContext http, Caller caller)
    {
        var perMinute = await http.RequestServices.GetRequiredService<Quotas>().ValueAsync(caller.Account, QuotaKind.ServerlessRequests, http.RequestAborted);
        if (perMinute == 0) throw Quotas.Exhausted(caller.Account, QuotaKind.ServerlessRequests);
        var grant = http.RequestServices.GetRequiredService<TokenBuckets>().Take($"serverless/{caller.Account}", perMinute);
        RateLimits.Tell(http.Response.Headers, RateLimits.Granted(grant, $"The account {caller.Account}, with serverless models,"));
    }

    /// <summary>The events of all choices, each with its choice's raw output where that is asked for and complete.</summary>
    public async IAsyncEnumerable<(GenerationEvent Part, RawOutput? Raw)> EventsAsync()
    {
        var raw = _fields.RawOutput == true ? new RawOutputs(Choices, _choicesPerRun) : null;
        var events = _runs.Count == 1 ? _runs[0].EventsAsync(_http.RequestAborted) : MergedRuns.EventsAsync(_runs, _choicesPerRun, _http.RequestAborted);
        await foreach (var part in events)
        {
            if (part.Sampling is { } sampling && !_http.Response.HasStarted)
                _http.Response.Headers["fireworks-sampling-options"] = JsonSerializer.Serialize(sampling, InferenceJson.Options);
            yield return (part, raw?.Take(part));
        }
    }

    /// <summary>The whole answer, for callers that do not stream. Prompts are in their order; a prompt's choices follow one another.</summary>
    public async ValueTask<(IReadOnlyList<ChoiceBuilder> Choices, GenerationUsage Usage, IReadOnlyList<IReadOnlyList<int>?> Prompts)> CollectAsync()
    {
        var choices = Enumerable.Range(0, Choices).Select(index => new ChoiceBuilder(index, LegacyLogprobs)).ToArray();
        var usage = new GenerationUsage(0, 0, 0);
        var prompts = new IReadOnlyList<int>?[_runs.Count];
        await foreach (var (part, raw) in EventsAsync())
        {
            choices[part.Choice].Add(part, raw);
            if (part.PromptTokenIds is { } prompt) prompts[part.Choice / _choicesPerRun] = prompt;
            usage = part.Usage ?? usage;
        }
        return (choices, usage, prompts);
    }

    public static UsageInfo ToUsage(GenerationUsage usage) => new()
    {
        PromptTokens = usage.PromptTokens,
        CompletionTokens = usage.CompletionTokens,
        TotalTokens = usage.PromptTokens + usage.CompletionTokens,
        PromptTokensDetails = new() { CachedTokens = usage.CachedPromptTokens },
        CompletionTokensDetails = usage.PredictionTokens is null ? null : new()
        {
            AcceptedPredictionTokens = usage.AcceptedPredictedTokens,
            RejectedPredictionTokens = usage.PredictedDraftTokens - usage.AcceptedPredictedTokens,
        },
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

    private Dictionary<string, double> Metrics(GenerationUsage usage)
    {
        var metrics = RequestMetrics(usage);
        // Several prompts of one call are computed side by side: the slowest counts.
        var times = _runs.Select(run => run.Times).OfType<GenerationTimes>().ToList();
        if (times.Count == 0) return metrics;
        metrics["prefill-queue-duration"] = Seconds(times.Max(one => one.PrefillQueue));
        metrics["prefill-duration"] = Seconds(times.Max(one => one.Prefill));
        metrics["generation-queue-duration"] = Seconds(times.Max(one => one.GenerationQueue));
        metrics["generation-duration"] = Seconds(times.Max(one => one.Generation));
        return metrics;

        static double Seconds(double milliseconds) => Math.Round(milliseconds / 1000, 4);
    }

    private Dictionary<string, double> RequestMetrics(GenerationUsage usage) => new()
    {
        ["prompt-tokens"] = usage.PromptTokens,
        ["cached-prompt-tokens"] = usage.CachedPromptTokens,
        ["server-time-to-first-token"] = Math.Round((_runs.Min(run => run.FirstToken) ?? default).TotalSeconds, 3),
        ["speculation-prompt-tokens"] = usage.PredictionTokens ?? 0,
        ["speculation-prompt-matched-tokens"] = usage.AcceptedPredictedTokens,
        ["speculation-generated-tokens"] = usage.DraftTokens,
        ["speculation-acceptance"] = usage.DraftTokens == 0 ? 0 : Math.Round((double)usage.AcceptedDraftTokens / usage.DraftTokens, 3),
        ["num-concurrent-requests"] = _loads.RequestsOf(_deployment),
        ["server-processing-time"] = Math.Round(_clock.GetElapsedTime(_runs[0].StartedAt).TotalSeconds, 3),
    };
}
