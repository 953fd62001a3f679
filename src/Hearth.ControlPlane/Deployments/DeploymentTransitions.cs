using static Hearth.ControlPlane.DeploymentStates;

namespace Hearth.ControlPlane;

/// <summary>What may follow what in a deployment's life. <see cref="ResourceStore"/> refuses everything else.</summary>
public static class DeploymentTransitions
{
    public static StateMachine Table { get; } = new(
        [Creating, Ready], // READY at once: parked, no replica is wanted
        (Creating, [Ready, Updating, Failed, Deleted]),
        (Ready, [Updating, Failed, Deleted]), // FAILED: the replica of a newer epoch never came up
        (Updating, [Ready, Failed, Deleted]),
        (Failed, [Updating, Deleted]),
        (Deleted, [Creating, Ready]));
}
