using Hearth.ControlPlane;

namespace Hearth.Workers;

/// <summary>Runs the supervised recipe as a job's specification says.</summary>
internal static class SupervisedJob
{
    public static TrainedAdapter Run(TrainerSpec spec, Action<JobProgress> report, CancellationToken cancellationToken) =>
        throw new InvalidDataException($"The recipe for {spec.DatasetPath} is not part of this build.");
}
