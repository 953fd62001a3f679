namespace Hearth.ControlPlane;

/// <summary>A resource as stored. Rows are the only truth: whatever else holds a resource is a cache of its row.</summary>
/// <param name="Name"><c>accounts/a/datasets/d</c>.</param>
/// <param name="State">The resource's state as its kind spells it.</param>
/// <param name="Version">0 before the first write; each write adds one and succeeds only on the version that was read.</param>
/// <param name="Json">The control plane's own record of the resource.</param>
public sealed record ResourceRow(ResourceName Name, string State, long Version, DateTimeOffset CreateTime, DateTimeOffset UpdateTime, string Json)
{
    /// <summary>Soft-deleted: kept for a while, its id reserved, absent from lists and gets.</summary>
    public bool Deleted { get; init; }

    /// <summary>What this resource uses. A row that others refer to cannot be deleted, softly or not; a name under <c>accounts/</c> must exist at commit.</summary>
    public IReadOnlyList<string> References { get; init; } = [];
}

/// <summary>A page of rows of one kind below one parent, in key order.</summary>
public sealed record ResourceQuery(string Kind, string Parent)
{
    public ResourceOrder Order { get; init; } = ResourceOrder.Name;
    public bool Descending { get; init; }
    public bool IncludeDeleted { get; init; }
    /// <summary>Rows after this one, or from the first.</summary>
    public ResourceKey? After { get; init; }
    public int Limit { get; init; } = int.MaxValue;
}

/// <summary>Orders that the store keeps an index for. Equal times are ordered by name.</summary>
public enum ResourceOrder { Name, CreateTime }

/// <summary>A row's place in an order.</summary>
public sealed record ResourceKey(string Name, DateTimeOffset CreateTime);
