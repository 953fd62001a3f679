using System.Net;
using System.Net.Sockets;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>How many requests a minute; a whole minute's worth may come at once.</summary>
public sealed record RateLimitOptions
{
    /// <summary>By one API key. Generous: it is a bound on mistakes, not a price.</summary>
    public long PerKey { get; init; } = 600_000;

    /// <summary>By all keys of an account together.</summary>
    public long PerAccount { get; init; } = 1_200_000;

    /// <summary>From one remote address, to addresses that need no key.</summary>
    public long PerAddress { get; init; } = 600_000;

    /// <summary>With a key that is missing or wrong, from one remote address.</summary>
    public long FailedPerAddress { get; init; } = 6_000;
}

/// <summary>Bounds how often an account, a key and a remote address may ask, on every address of the server.</summary>
internal sealed class RateLimits(HearthServerOptions options, TokenBuckets buckets)
{
    private const int NearTheLimit = 10; // percent left

    /// <summary>Counts a request of a known caller; inference answers tell how much is left.</summary>
    /// <exception cref="HearthException">RESOURCE_EXHAUSTED, with the time after which to ask again.</exception>
    public void Admit(HttpContext context, Caller caller, Permission permission)
    {
        var key = Granted(buckets.Take($"key/{caller.KeyId}", options.RateLimits.PerKey), "This API key");
        var account = Granted(buckets.Take($"account/{caller.Account}", options.RateLimits.PerAccount), $"The account {caller.Account}");
        if (permission == Permission.Infer) Tell(context.Response.Headers, key.Remaining < account.Remaining ? key : account);
    }

    /// <summary>Counts a request that needs no key.</summary>
    public void AdmitAnonymous(HttpContext context) => Granted(buckets.Take($"address/{Address(context)}", options.RateLimits.PerAddress), "Your address");

    /// <summary>Counts a request with a wrong key. Right ones are never refused for the wrong ones of a neighbour.</summary>
    public void CountFailure(HttpContext context) => Granted(buckets.Take($"failed/{Address(context)}", options.RateLimits.FailedPerAddress), "Your address, with wrong API keys,");

    /// <summary>The platform's headers.</summary>
    public static void Tell(IHeaderDictionary headers, TokenGrant grant)
    {
        headers["x-ratelimit-limit-requests"] = grant.PerMinute.ToString(System.Globalization.CultureInfo.InvariantCulture);
        headers["x-ratelimit-remaining-requests"] = grant.Remaining.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (grant.Remaining * 100 < grant.PerMinute * NearTheLimit) headers["x-ratelimit-over-limit"] = "yes";
    }

    /// <exception cref="HearthException">The bucket was empty.</exception>
    public static TokenGrant Granted(TokenGrant grant, string who) => grant.Allowed
        ? grant
        : throw new HearthException(ErrorCode.ResourceExhausted, $"{who} made more than {grant.PerMinute:N0} requests within a minute. Ask again after the time in retry-after.")
        { RetryAfter = grant.RetryAfter };

    // Whoever has one IPv6 address has 2^64 of them.
    private static string Address(HttpContext context)
    {
        if (context.Connection.RemoteIpAddress is not { } address) return "local";
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        return address.AddressFamily == AddressFamily.InterNetworkV6 ? new IPAddress([.. address.GetAddressBytes()[..8], .. new byte[8]]).ToString() : address.ToString();
    }
}
