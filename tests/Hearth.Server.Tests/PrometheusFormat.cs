using System.Globalization;
using System.Text.RegularExpressions;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>A strict reader of the Prometheus text format 0.0.4: what Prometheus would refuse or misread fails.</summary>
internal static partial class PrometheusFormat
{
    public sealed record Sample(string Name, IReadOnlyDictionary<string, string> Labels, double Value);

    public static IReadOnlyList<Sample> Parse(string text)
    {
        Assert.EndsWith("\n", text);
        var (samples, types, helps) = (new List<Sample>(), new Dictionary<string, string>(), new HashSet<string>());
        var (family, closed) = ("", new HashSet<string>());
        foreach (var line in text[..^1].Split('\n'))
        {
            if (Comment().Match(line) is { Success: true } comment)
            {
                var name = comment.Groups["name"].Value;
                if (name != family)
                {
                    Assert.True(closed.Add(name), $"{name} is in two places");
                    family = name;
                }
                if (comment.Groups["kind"].Value == "HELP") Assert.True(helps.Add(name), $"{name} has two HELP lines");
                else Assert.True(types.TryAdd(name, comment.Groups["text"].Value), $"{name} has two TYPE lines");
                continue;
            }
            var match = SampleLine().Match(line);
            Assert.True(match.Success, $"not a line of the format: {line}");
            var labels = LabelPair().Matches(match.Groups["labels"].Value).ToDictionary(pair => pair.Groups[1].Value, pair => Regex.Unescape(pair.Groups[2].Value));
            Assert.True(match.Groups["name"].Value.StartsWith(family, StringComparison.Ordinal) && types.ContainsKey(family), $"{line} is not below its TYPE line");
            samples.Add(new(match.Groups["name"].Value, labels, Number(match.Groups["value"].Value)));
        }
        Assert.All(types.Values, type => Assert.Contains(type, (string[])["counter", "gauge", "histogram"]));
        Assert.Equal(samples.Count, samples.Select(sample => Key(sample)).Distinct().Count());
        foreach (var (name, _) in types.Where(type => type.Value == "histogram")) CheckHistogram(name, samples);
        Assert.All(types.Where(type => type.Value == "counter"), type => Assert.EndsWith("_total", type.Key));
        return samples;
    }

    private static void CheckHistogram(string name, List<Sample> samples)
    {
        foreach (var series in samples.Where(sample => sample.Name == $"{name}_bucket").GroupBy(sample => Key(sample, "le")))
        {
            var buckets = series.Select(bucket => (Bound: Number(bucket.Labels["le"]), bucket.Value)).ToList();
            Assert.Equal(buckets.OrderBy(bucket => bucket.Bound), buckets);
            Assert.Equal(buckets.Select(bucket => bucket.Value).Order(), buckets.Select(bucket => bucket.Value));
            Assert.Equal(double.PositiveInfinity, buckets[^1].Bound);
            var count = Assert.Single(samples, sample => sample.Name == $"{name}_count" && Key(sample with { Name = $"{name}_bucket" }) == series.Key);
            Assert.Equal(buckets[^1].Value, count.Value);
        }
    }

    private static string Key(Sample sample, string? without = null) =>
        sample.Name + string.Concat(sample.Labels.Where(label => label.Key != without).OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => $",{label.Key}={label.Value}"));

    private static double Number(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        _ => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture),
    };

    [GeneratedRegex("^# (?<kind>HELP|TYPE) (?<name>[a-zA-Z_:][a-zA-Z0-9_:]*) (?<text>.+)$")]
    private static partial Regex Comment();

    [GeneratedRegex("""^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?<labels>[a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\["\\n])*"(,[a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\["\\n])*")*)\})? (?<value>[+-]?Inf|NaN|[-+0-9.eE]+)$""")]
    private static partial Regex SampleLine();

    [GeneratedRegex("""([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)""")]
    private static partial Regex LabelPair();
}
