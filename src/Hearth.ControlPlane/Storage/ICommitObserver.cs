namespace Hearth.ControlPlane;

/// <summary>Sees how long verbs' changes took to become durable, or how they failed.</summary>
public interface ICommitObserver
{
    /// <param name="outcome"><c>ok</c>, <c>conflict</c>, <c>refused</c> or <c>unavailable</c>.</param>
    void Committed(TimeSpan duration, string outcome);
}
