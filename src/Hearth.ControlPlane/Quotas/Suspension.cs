using System.Collections.Concurrent;

namespace Hearth.ControlPlane;

/// <summary>An account that has spent its month's budget stops: no inference and nothing new until the month ends or an admin raises the quota.</summary>
public sealed class Suspension(Quotas quotas, TimeProvider clock)
{
    // The spend of a month is a sum over its usage; between two looks an account may spend a little more than its budget.
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, (long At, double Spend)> _seen = [];

    /// <summary>The platform's words for it.</summary>
    public static string Message(string account) =>
        $"Account {account} is suspended, possibly due to reaching the monthly spending limit. It goes on with the new month, or when an admin raises the quota {QuotaKind.MonthlySpend.Id}.";

    /// <summary>False at once where the budget is not limited.</summary>
    public async ValueTask<bool> IsSuspendedAsync(string account, CancellationToken cancellationToken)
    {
        var budget = await quotas.ValueAsync(account, QuotaKind.MonthlySpend, cancellationToken);
        if (budget == QuotaKind.MonthlySpend.Max) return false;
        if (!_seen.TryGetValue(account, out var seen) || clock.GetElapsedTime(seen.At) > LookAgainAfter)
            _seen[account] = seen = (clock.GetTimestamp(), await quotas.UsageAsync(account, QuotaKind.MonthlySpend, cancellationToken));
        return seen.Spend >= budget;
    }
}
