namespace Hearth.ControlPlane;

/// <summary>One acknowledged change: everything in it becomes durable in one transaction, or nothing does (rule R1).</summary>
public sealed class Change
{
    public List<ResourceRow> Inserts { get; } = [];
    public List<ResourceRow> Updates { get; } = [];
    public List<ResourceRow> Deletes { get; } = [];
    public List<AssignmentRow> Assignments { get; } = [];
    public List<string> Unassigned { get; } = [];
    public List<EndpointRow> Endpoints { get; } = [];
    /// <summary>Deployments whose endpoints end.</summary>
    public List<string> EndpointsGone { get; } = [];
    public List<ApiKeyRow> ApiKeys { get; } = [];
    public List<OutboxEntry> Outbox { get; } = [];
    /// <summary>Delivered outbox entries.</summary>
    public List<long> Delivered { get; } = [];
    /// <summary>Outbox entries to try again later, or never again (<see cref="OutboxEntry.Dead"/>).</summary>
    public List<OutboxEntry> Postponed { get; } = [];
    public List<AuditEntry> Audit { get; } = [];
    public List<UsageEntry> Usage { get; } = [];
    public List<DueRow> Due { get; } = [];
    /// <summary>Due rows to drop, by resource and kind.</summary>
    public List<(string Resource, string Kind)> NoLongerDue { get; } = [];
    /// <summary>Due rows as they were read, each with the time until which it is the claimer's.</summary>
    public List<(DueRow Row, DateTimeOffset Until)> Claims { get; } = [];
    /// <summary>Claimed due rows that were handled; one that was scheduled anew meanwhile stays.</summary>
    public List<DueRow> Handled { get; } = [];

    public bool TouchesAssignments => Assignments.Count + Unassigned.Count > 0;

    /// <summary>A new row; its version must be 0.</summary>
    public Change Insert(ResourceRow row) => With(Inserts, row);

    /// <summary>A new content for a row of which <see cref="ResourceRow.Version"/> was read.</summary>
    public Change Update(ResourceRow row) => With(Updates, row);

    public Change Delete(ResourceRow row) => With(Deletes, row);

    public Change Assign(AssignmentRow assignment) => With(Assignments, assignment);

    public Change Unassign(string resource) => With(Unassigned, resource);

    public Change SetEndpoint(EndpointRow endpoint) => With(Endpoints, endpoint);

    public Change EndEndpoints(string deployment) => With(EndpointsGone, deployment);

    public Change AddKey(ApiKeyRow key) => With(ApiKeys, key);

    public Change Send(OutboxEntry entry) => With(Outbox, entry);

    public Change Record(AuditEntry entry) => With(Audit, entry);

    public Change Meter(UsageEntry entry) => With(Usage, entry);

    /// <summary>Something to happen at a time (rule R8); takes the place of what was due for the same resource and kind. Ends with the row of that name.</summary>
    public Change Schedule(DueRow due) => With(Due, due);

    public Change Unschedule(string resource, string kind) => With(NoLongerDue, (resource, kind));

    /// <summary>Compare-and-set: a row that was claimed, scheduled anew or dropped since it was read is a <see cref="VersionConflictException"/>.</summary>
    public Change Claim(DueRow due, DateTimeOffset until) => With(Claims, (due, until));

    private Change With<T>(List<T> list, T item)
    {
        list.Add(item);
        return this;
    }
}

/// <summary>What should run where (rule R4); one row a resource.</summary>
public sealed record AssignmentRow(string Resource, string Node, AssignmentKind Kind, long Epoch, string SpecJson);

/// <summary>Where a replica listens. <paramref name="AddonHashes"/> are the adapters it holds.</summary>
public sealed record EndpointRow(string Deployment, int Replica, string Node, long Epoch, string Socket, IReadOnlyList<string> AddonHashes);

/// <summary>How a key is found: by its SHA-256. Gone with the row it names.</summary>
public sealed record ApiKeyRow(byte[] Hash, string Name);
