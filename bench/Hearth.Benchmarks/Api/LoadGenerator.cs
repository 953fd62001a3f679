using System.Diagnostics;

namespace Hearth.Benchmarks;

/// <summary>What a load brought about: requests a second, and times of single requests in milliseconds.</summary>
internal sealed record Load(double PerSecond, double P50, double P99)
{
    public static Load Of(IReadOnlyList<double> milliseconds, double seconds)
    {
        double[] sorted = [.. milliseconds.Order()];
        return new(sorted.Length / seconds, At(0.50), At(0.99));

        double At(double share) => sorted.Length == 0 ? double.NaN : sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * share))];
    }
}

/// <summary>Clients that each send a request, wait for the whole answer, and send the next.</summary>
internal sealed class LoadGenerator : IDisposable
{
    private readonly HttpClient _http;

    public LoadGenerator(Uri server, string? key)
    {
        _http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 256, UseProxy = false, UseCookies = false }) { BaseAddress = server };
        if (key is not null) _http.DefaultRequestHeaders.Authorization = new("Bearer", key);
    }

    public Load Run(int clients, TimeSpan length, Func<int, HttpRequestMessage> next) => RunAsync(clients, length, next).GetAwaiter().GetResult();

    public async Task<string> SendAsync(HttpRequestMessage request)
    {
        using var message = request;
        using var answer = await _http.SendAsync(message);
        string text = await answer.Content.ReadAsStringAsync();
        return answer.IsSuccessStatusCode ? text : throw new InvalidOperationException($"{message.Method} {message.RequestUri}: {(int)answer.StatusCode} {text}");
    }

    public void Dispose() => _http.Dispose();

    private async Task<Load> RunAsync(int clients, TimeSpan length, Func<int, HttpRequestMessage> next)
    {
        int number = 0;
        long start = Stopwatch.GetTimestamp();
        var times = await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => Task.Run(async () =>
        {
            var own = new List<double>();
            while (Stopwatch.GetElapsedTime(start) < length)
            {
                long sent = Stopwatch.GetTimestamp();
                using var message = next(Interlocked.Increment(ref number));
                using var answer = await _http.SendAsync(message, HttpCompletionOption.ResponseContentRead);
                if (!answer.IsSuccessStatusCode) throw new InvalidOperationException($"{message.RequestUri}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
                own.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
            }
            return own;
        })));
        return Load.Of([.. times.SelectMany(one => one)], Stopwatch.GetElapsedTime(start).TotalSeconds);
    }
}
