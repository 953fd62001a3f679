namespace Hearth.ControlPlane;

/// <summary>The states of a kind of resource: where it begins, and what may follow what. A row may always be written anew in the state it is in.</summary>
public sealed class StateMachine
{
    private readonly HashSet<string> _initial;
    private readonly Dictionary<string, HashSet<string>> _next;

    /// <param name="initial">States that a new resource may have.</param>
    /// <param name="transitions">A line for each state: it, and the states that may follow; none for a final state.</param>
    public StateMachine(IEnumerable<string> initial, params (string From, string[] To)[] transitions)
    {
        _initial = [.. initial];
        _next = transitions.ToDictionary(line => line.From, line => line.To.ToHashSet());
        if (_initial.Concat(_next.Values.SelectMany(to => to)).FirstOrDefault(state => !_next.ContainsKey(state)) is { } missing)
            throw new ArgumentException($"The state {missing} has no line in the table.", nameof(transitions));
    }

    public IReadOnlyCollection<string> States => _next.Keys;

    public bool CanBegin(string state) => _initial.Contains(state);

    public bool CanFollow(string from, string to) => _next.TryGetValue(from, out var next) && (from == to || next.Contains(to));

    /// <summary>The table of a collection, or null where its states are free.</summary>
    public static StateMachine? Of(string kind) => kind switch
    {
        ResourceKind.SupervisedFineTuningJobs or ResourceKind.DpoJobs or ResourceKind.ReinforcementFineTuningJobs or ResourceKind.RlorTrainerJobs
            or ResourceKind.EvaluationJobs => JobTransitions.Table,
        ResourceKind.BatchInferenceJobs => BatchTransitions.Table,
        ResourceKind.Deployments => DeploymentTransitions.Table,
        _ => null,
    };
}
