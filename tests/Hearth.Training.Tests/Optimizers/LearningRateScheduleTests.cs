using System.Text.Json;
using Hearth.TestKit;
using Xunit;

namespace Hearth.Training.Tests;

[Trait("Category", "Fixtures")]
public sealed class LearningRateScheduleTests
{
    private const double Tolerance = 1e-12; // the fixture's README
    private static readonly Dictionary<string, ScheduleKind> Supported = new(StringComparer.Ordinal)
    {
        ["constant"] = ScheduleKind.Constant,
        ["constant_with_warmup"] = ScheduleKind.Constant,
        ["linear"] = ScheduleKind.Linear,
        ["cosine"] = ScheduleKind.Cosine,
    };

    public static TheoryData<string> Names() => new(Schedules().EnumerateObject().Where(schedule => IsSupported(schedule.Value)).Select(schedule => schedule.Name));

    [Theory, MemberData(nameof(Names))]
    public void Rates_equal_those_of_transformers(string name)
    {
        var fixture = Schedules().GetProperty(name);
        string kind = fixture.GetProperty("scheduler").GetString()!;
        int warmup = kind == "constant" ? 0 : fixture.GetProperty("num_warmup_steps").GetInt32();
        var schedule = new LearningRateSchedule(Supported[kind], fixture.GetProperty("lr").GetDouble(), warmup, fixture.GetProperty("num_training_steps").GetInt32());
        int step = 0;
        foreach (var value in fixture.GetProperty("values").EnumerateArray()) Assert.Equal(value.GetDouble(), schedule.At(step++), Tolerance);
    }

    // Other kinds, and options such as num_cycles, come with the methods that need them.
    private static bool IsSupported(JsonElement fixture) =>
        Supported.ContainsKey(fixture.GetProperty("scheduler").GetString()!)
        && fixture.EnumerateObject().All(property => property.Name is "scheduler" or "lr" or "num_warmup_steps" or "num_training_steps" or "values");

    private static JsonElement Schedules() => JsonDocument.Parse(
        File.ReadAllText(Path.Combine(FixtureFolder.Find("architectures/numerics"), "schedules.json"))).RootElement.GetProperty("schedules");
}
