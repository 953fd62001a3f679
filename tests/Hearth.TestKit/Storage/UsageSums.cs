using Hearth.ControlPlane;

namespace Hearth.TestKit;

/// <summary>Sums of usage in plain words.</summary>
internal static class UsageSums
{
    public static IReadOnlyList<UsageSum> Of(IEnumerable<UsageEntry> entries, TimeSpan bucket, UsageFields fields)
    {
        string Field(UsageFields field, string value) => fields.HasFlag(field) ? value : "";
        var groups = entries.GroupBy(entry => new UsageSum(
            new DateTimeOffset(entry.At.UtcTicks / bucket.Ticks * bucket.Ticks, TimeSpan.Zero), Field(UsageFields.Kind, entry.Kind), Field(UsageFields.Model, entry.Model),
            Field(UsageFields.Resource, entry.Resource), Field(UsageFields.User, entry.User), Field(UsageFields.Key, entry.KeyId)));
        return [.. groups.Select(Sum).OrderBy(sum => sum.Start)
            .ThenBy(sum => sum.Kind, StringComparer.Ordinal).ThenBy(sum => sum.Model, StringComparer.Ordinal).ThenBy(sum => sum.Resource, StringComparer.Ordinal)
            .ThenBy(sum => sum.User, StringComparer.Ordinal).ThenBy(sum => sum.KeyId, StringComparer.Ordinal)];
    }

    private static UsageSum Sum(IGrouping<UsageSum, UsageEntry> group) => group.Key with
    {
        Entries = group.Count(),
        PromptTokens = group.Sum(entry => entry.PromptTokens),
        CachedTokens = group.Sum(entry => entry.CachedTokens),
        CompletionTokens = group.Sum(entry => entry.CompletionTokens),
        TrainedTokens = group.Sum(entry => entry.TrainedTokens),
        DurationMilliseconds = group.Sum(entry => entry.DurationMilliseconds),
        AcceleratorMilliseconds = group.Sum(entry => entry.DurationMilliseconds * entry.Accelerators),
        Rows = group.Sum(entry => entry.Rows),
    };
}
