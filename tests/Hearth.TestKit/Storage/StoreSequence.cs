using System.Text.Json;
using Hearth.ControlPlane;
using Xunit;

namespace Hearth.TestKit;

/// <summary>Where a sequence runs: a store, its clock, and what its caller has in hand.</summary>
public sealed class StoreRun(Func<TimeProvider, IStore> create) : IAsyncDisposable
{
    private IStore? _store;

    public SetClock Clock { get; } = new();
    public IStore Store => _store ??= create(Clock);
    public Dictionary<string, Lease> Leases { get; } = [];

    public ValueTask DisposeAsync() => Store.DisposeAsync();
}

/// <summary>One step of a sequence; <paramref name="Text"/> says it in a failure's message. Its answer, as JSON, must be the same on every store.</summary>
public sealed record StoreStep(string Text, Func<StoreRun, ValueTask<object?>> RunAsync);

/// <summary>Runs a sequence on a store and on the model; where they differ, finds a short sequence that still shows it.</summary>
public static class StoreSequence
{
    private const int MostAttempts = 300;

    public static async Task CheckAsync(IReadOnlyList<StoreStep> steps, Func<TimeProvider, IStore> create)
    {
        if (await DifferenceAsync(steps, create) is not { } found) return;
        var (shortest, difference) = await ShrinkAsync(steps, found, create);
        Assert.Fail($"The store differs from the model after {shortest.Count} of {steps.Count} steps:\n{string.Join('\n', shortest.Select(step => "  " + step.Text))}\n{difference}");
    }

    /// <summary>The first answer that differs, or null.</summary>
    private static async Task<(int Step, string Text)?> DifferenceAsync(IReadOnlyList<StoreStep> steps, Func<TimeProvider, IStore> create)
    {
        await using var model = new StoreRun(clock => new InMemoryStore(clock));
        await using var subject = new StoreRun(create);
        for (var i = 0; i < steps.Count; i++)
        {
            var (expected, actual) = (await AnswerAsync(steps[i], model), await AnswerAsync(steps[i], subject));
            if (expected != actual) return (i, $"model: {expected}\nstore: {actual}");
        }
        return null;
    }

    /// <summary>Leaves out ever smaller pieces while a difference remains.</summary>
    private static async Task<(IReadOnlyList<StoreStep> Steps, string Text)> ShrinkAsync(
        IReadOnlyList<StoreStep> steps, (int Step, string Text) found, Func<TimeProvider, IStore> create)
    {
        var (current, text, attempts) = (steps.Take(found.Step + 1).ToList(), found.Text, 0);
        for (var piece = current.Count / 2; piece > 0; piece /= 2)
        {
            for (var at = 0; at + piece <= current.Count && attempts < MostAttempts; attempts++)
            {
                List<StoreStep> shorter = [.. current.Take(at), .. current.Skip(at + piece)];
                if (await DifferenceAsync(shorter, create) is { } still) (current, text) = (shorter[..(still.Step + 1)], still.Text);
                else at += piece;
            }
        }
        return (current, text);
    }

    private static async Task<string> AnswerAsync(StoreStep step, StoreRun run)
    {
        try
        {
            return JsonSerializer.Serialize(await step.RunAsync(run));
        }
        catch (Exception refusal) when (refusal is VersionConflictException or RowExistsException or RowInUseException)
        {
            return refusal.GetType().Name;
        }
    }
}
