using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Hearth.ControlPlane;

namespace Hearth.Server.Tests;

/// <summary>A replica that answers what the test says, and remembers what it was asked.</summary>
public sealed class ScriptedGateway : IReplicaGateway
{
    private readonly ConcurrentQueue<Func<GenerationRequest, CancellationToken, IAsyncEnumerable<GenerationEvent>>> _script = new();

    public List<(string Socket, GenerationRequest Request)> Requests { get; } = [];

    /// <summary>Answers every request that the script does not; null: "Hello world".</summary>
    public Func<string, GenerationRequest, CancellationToken, IAsyncEnumerable<GenerationEvent>>? Always { get; set; }

    /// <summary>The next request is answered so; without a script every request gets "Hello world".</summary>
    public void Next(Func<GenerationRequest, CancellationToken, IAsyncEnumerable<GenerationEvent>> answer) => _script.Enqueue(answer);

    public IAsyncEnumerable<GenerationEvent> GenerateAsync(string socketPath, GenerationRequest request, CancellationToken cancellationToken)
    {
        lock (Requests) Requests.Add((socketPath, request));
        return _script.TryDequeue(out var answer) ? answer(request, cancellationToken)
            : Always?.Invoke(socketPath, request, cancellationToken) ?? HelloAsync(request, cancellationToken);
    }

    public static async IAsyncEnumerable<GenerationEvent> HelloAsync(GenerationRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var choice = 0; choice < request.N; choice++)
        {
            yield return new() { Choice = choice, PromptTokenIds = choice == 0 ? [1, 2, 3] : null, Text = "Hello", TokenIds = [10], Logprobs = Logprob(request, 10, "Hello", -0.5) };
            await Task.Yield();
            var last = choice == request.N - 1;
            yield return new()
            {
                Choice = choice,
                Text = " world",
                TokenIds = [11],
                FinishReason = "stop",
                Logprobs = Logprob(request, 11, " world", -0.25),
                Usage = last ? new(3, 2 * request.N, 1) : null,
            };
        }
    }

    private static IReadOnlyList<TokenLogprob>? Logprob(GenerationRequest request, int id, string token, double logprob) => request.TopLogprobs is not { } top
        ? null
        : [new(id, token, logprob, logprob, [.. Enumerable.Range(0, top).Select(i => new TokenAlternative(id + i, token + i, logprob - i))])];
}
