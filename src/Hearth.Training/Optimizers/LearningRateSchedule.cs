namespace Hearth.Training;

/// <summary>Shape of the learning rate after the warm-up.</summary>
public enum ScheduleKind { Constant, Linear, Cosine }

/// <summary>
/// Learning rate by step, with the definitions of transformers' get_*_schedule_with_warmup: step s of the warm-up has s / warmup of the peak, and the first
/// update uses step 0.
/// </summary>
public sealed record LearningRateSchedule(ScheduleKind Kind, double Peak, int WarmupSteps, int TotalSteps)
{
    /// <summary>Part of the peak that a linear or cosine schedule ends at.</summary>
    public double MinRatio { get; init; }

    /// <summary>Part of the steps after the warm-up over which it falls.</summary>
    public double DecayRatio { get; init; } = 1;

    /// <summary>Learning rate of update <paramref name="step"/> (0-based).</summary>
    public double At(int step)
    {
        if (step < WarmupSteps) return Peak * step / Math.Max(1, WarmupSteps);
        double progress = (double)(step - WarmupSteps) / Math.Max(1, TotalSteps - WarmupSteps);
        if (DecayRatio < 1) progress = Math.Min(1, progress / DecayRatio);
        return Kind switch
        {
            ScheduleKind.Constant => Peak,
            ScheduleKind.Linear => Peak * Above(Math.Max(0, 1 - progress)),
            ScheduleKind.Cosine => Peak * Above(Math.Max(0, 0.5 * (1 + Math.Cos(Math.PI * progress)))),
            _ => throw new ArgumentOutOfRangeException(nameof(step), Kind, "Unknown schedule."),
        };
    }

    private double Above(double part) => MinRatio == 0 ? part : MinRatio + (1 - MinRatio) * part;
}
