namespace Hearth.Training;

/// <summary>Shape of the learning rate after the warm-up.</summary>
public enum ScheduleKind { Constant, Linear, Cosine }

/// <summary>
/// Learning rate by step, with the definitions of transformers' get_*_schedule_with_warmup: step s of the warm-up has s / warmup of the peak, and the first
/// update uses step 0.
/// </summary>
public sealed record LearningRateSchedule(ScheduleKind Kind, double Peak, int WarmupSteps, int TotalSteps)
{
    /// <summary>Learning rate of update <paramref name="step"/> (0-based).</summary>
    public double At(int step)
    {
        if (step < WarmupSteps) return Peak * step / Math.Max(1, WarmupSteps);
        double progress = (double)(step - WarmupSteps) / Math.Max(1, TotalSteps - WarmupSteps);
        return Kind switch
        {
            ScheduleKind.Constant => Peak,
            ScheduleKind.Linear => Peak * Math.Max(0, 1 - progress),
            ScheduleKind.Cosine => Peak * Math.Max(0, 0.5 * (1 + Math.Cos(Math.PI * progress))),
            _ => throw new ArgumentOutOfRangeException(nameof(step), Kind, "Unknown schedule."),
        };
    }
}
