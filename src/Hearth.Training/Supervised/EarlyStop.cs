using Hearth.Models;
using Hearth.Numerics;

namespace Hearth.Training;

/// <summary>
/// Watches the evaluation loss, ten times over a run, and ends the run when three looks in a row brought no new lowest. The weights of the lowest loss are
/// the result.
/// </summary>
internal sealed class EarlyStop : IDisposable
{
    private const int Looks = 10, Patience = 3;

    private readonly ParameterSet _parameters;
    private readonly ParameterGradients _best;
    private readonly int _every;

    public EarlyStop(ParameterSet parameters, int steps)
    {
        _parameters = parameters;
        _best = new ParameterGradients(parameters);
        _every = Math.Max(1, (steps + Looks - 1) / Looks);
    }

    /// <summary>What a checkpoint keeps, beside the best weights.</summary>
    public sealed record Memory(double? BestLoss, int LooksSince);

    public Memory State { get; set; } = new(null, 0);

    /// <summary>Weights of the lowest loss so far.</summary>
    public FloatBuffer Best => _best.Values;

    public bool IsOver => State.LooksSince >= Patience;

    /// <summary>True after the steps at which the loss is looked at.</summary>
    public bool LooksAfter(int stepsDone) => stepsDone % _every == 0;

    public void Look(double loss)
    {
        if (State.BestLoss is { } best && !(loss < best))
        {
            State = State with { LooksSince = State.LooksSince + 1 };
            return;
        }
        _parameters.Values.Span.CopyTo(_best.Values.Span);
        State = new(loss, 0);
    }

    /// <summary>Gives the adapter the best weights.</summary>
    /// <returns>Their loss.</returns>
    public double? Restore()
    {
        if (State.BestLoss is not null) _best.Values.Span.CopyTo(_parameters.Values.Span);
        return State.BestLoss;
    }

    public void Dispose() => _best.Dispose();
}
