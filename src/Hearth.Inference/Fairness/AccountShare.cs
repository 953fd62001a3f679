namespace Hearth.Inference;

/// <summary>One account's part of the engine, divided between its flows.</summary>
internal sealed class AccountShare : Share
{
    /// <summary>Its flows.</summary>
    public ShareSet<FlowKey, Flow> Flows { get; } = new();

    /// <summary>Sequences that hold blocks.</summary>
    public int Running { get; set; }
}

/// <summary>What the requests of a flow have in common beside their account.</summary>
/// <param name="AdapterHash">The adapter's content, or null for the base model.</param>
/// <param name="IsUrgent">True: counts as <see cref="Flow.UrgentWeight"/> flows.</param>
internal readonly record struct FlowKey(string? AdapterHash, bool IsUrgent);

/// <summary>One account's requests for one adapter.</summary>
internal sealed class Flow(AccountShare account, FlowKey key) : Share
{
    /// <summary>An urgent flow gets this many times the service of another one of the same account. No account gets more by calling its requests urgent.</summary>
    public const int UrgentWeight = 4;

    /// <summary>Whose it is.</summary>
    public AccountShare Account { get; } = account;

    /// <summary>Its sequences that wait, in order of arrival.</summary>
    public SortedSet<Sequence> Waiting { get; } = new(Scheduler.ByArrival);

    /// <summary>Books service, or takes it back where it is negative.</summary>
    public void Charge(int tokens)
    {
        Account.Served += tokens;
        Served += (long)tokens * (key.IsUrgent ? 1 : UrgentWeight);
    }
}
