namespace Hearth.ControlPlane;

/// <summary>The right of a node's agent to run what is assigned to its node (rule R5).</summary>
public interface INodeLease
{
    /// <summary>Takes the lease, for the first time or again. What is assigned to the node gets higher epochs, so that earlier processes are refused.</summary>
    /// <returns>False: another holds it.</returns>
    ValueTask<bool> TakeAsync(CancellationToken cancellationToken);

    /// <returns>False: it has expired or was taken since.</returns>
    ValueTask<bool> RenewAsync(CancellationToken cancellationToken);
}
