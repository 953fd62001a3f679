using Xunit;

namespace Hearth.Server.Tests;

/// <summary>Bounds on how often one may ask.</summary>
public sealed class RateLimitTests
{
    [Fact]
    public void A_bucket_gives_a_minutes_worth_at_once_and_then_as_it_fills()
    {
        var clock = new StoppedClock();
        var buckets = new TokenBuckets(clock);
        for (var left = 59; left >= 0; left--) Assert.Equal((true, (long)left), (buckets.Take("a", 60) is var grant && grant.Allowed, grant.Remaining));
        var refused = buckets.Take("a", 60);
        Assert.Equal((false, TimeSpan.FromSeconds(1)), (refused.Allowed, refused.RetryAfter));
        Assert.True(buckets.Take("b", 60).Allowed);
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal([true, true, false], Enumerable.Range(0, 3).Select(_ => buckets.Take("a", 60).Allowed));
        clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(60, Enumerable.Range(0, 100).Count(_ => buckets.Take("a", 60).Allowed)); // it holds no more than a minute's worth
    }

    [Fact]
    public void Full_buckets_are_forgotten()
    {
        var clock = new StoppedClock();
        var buckets = new TokenBuckets(clock);
        for (var i = 0; i < 10_000; i++) buckets.Take($"old {i}", 60);
        clock.Advance(TimeSpan.FromMinutes(2));
        for (var i = 0; i < 20_000; i++) buckets.Take("new", 1_000_000);
        Assert.Equal(1, buckets.Count);
    }

    [Fact]
    public async Task Many_at_once_get_no_more_than_there_is()
    {
        var buckets = new TokenBuckets(new StoppedClock());
        var granted = 0;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 500; i++)
                if (buckets.Take("a", 1000).Allowed) Interlocked.Increment(ref granted);
        })));
        Assert.Equal(1000, granted);
    }

    [Fact]
    public async Task A_key_an_account_and_an_address_have_their_own_limits()
    {
        await using var server = await TestServer.StartAsync(clock: new StoppedClock(), options: plain => plain with { RateLimits = new() { PerKey = 5, PerAccount = 8, PerAddress = 3, FailedPerAddress = 2 } });
        Assert.Equal([200, 200, 200], await StatusesAsync(server.Http, "/v1/accounts/local", 3));
        var (_, made) = await server.PostAsync("/v1/accounts/local/users/admin/apiKeys", """{"apiKey":{}}""");
        using var second = server.NewHttp(made.GetProperty("key").GetString());
        Assert.Equal([200, 429], await StatusesAsync(server.Http, "/v1/accounts/local", 2)); // the first key's five
        Assert.Equal([200, 200, 200, 429], await StatusesAsync(second, "/v1/accounts/local", 4)); // the account's eight; what its first key was refused does not count
        using var wrong = server.NewHttp("fw_wrong");
        Assert.Equal([401, 401, 429], await StatusesAsync(wrong, "/v1/accounts/local", 3));
        using var nobody = server.NewHttp(null);
        Assert.Equal([200], await StatusesAsync(nobody, "/health", 1));
        Assert.Equal([404], await StatusesAsync(nobody, "/nowhere", 1));
        Assert.Equal([200, 429], await StatusesAsync(nobody, "/health", 2));
    }

    [Fact]
    public async Task A_refusal_says_when_to_ask_again_and_inference_says_what_is_left()
    {
        await using var server = await TestServer.StartAsync(clock: new StoppedClock(), options: plain => plain with { RateLimits = new() { PerKey = 20 } });
        using var first = await server.Http.GetAsync("/v1/models");
        Assert.Equal(("20", "19"), (Header(first, "x-ratelimit-limit-requests"), Header(first, "x-ratelimit-remaining-requests")));
        Assert.False(first.Headers.Contains("x-ratelimit-over-limit"));
        for (var i = 0; i < 18; i++) await server.GetAsync("/v1/accounts/local");
        using var last = await server.Http.GetAsync("/v1/models");
        Assert.Equal("yes", Header(last, "x-ratelimit-over-limit"));
        using var refused = await server.Http.GetAsync("/v1/models");
        Assert.Equal((429, "3"), ((int)refused.StatusCode, Header(refused, "retry-after")));
        Assert.False(refused.Headers.Contains("x-should-retry"));
        Assert.Contains("RESOURCE_EXHAUSTED", await refused.Content.ReadAsStringAsync());
    }

    private static async Task<List<int>> StatusesAsync(HttpClient http, string address, int count)
    {
        var statuses = new List<int>();
        for (var i = 0; i < count; i++)
        {
            using var answer = await http.GetAsync(address);
            statuses.Add((int)answer.StatusCode);
        }
        return statuses;
    }

    private static string Header(HttpResponseMessage answer, string name) => Assert.Single(answer.Headers.GetValues(name));

    private sealed class StoppedClock : TimeProvider
    {
        private long _now = 1_000_000;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Advance(TimeSpan by) => _now += by.Ticks;

        public override long GetTimestamp() => _now;
    }
}
