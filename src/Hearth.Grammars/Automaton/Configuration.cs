namespace Hearth.Grammars;

/// <summary>A place in a rule, with the count of the loop there and what is to be done when the rule has ended.</summary>
/// <param name="State">State of the rule's automaton; <see cref="Whole"/> in a frame: nothing comes behind, the text is complete.</param>
/// <param name="Count">Turns of the counted loop that the state is in; else 0.</param>
/// <param name="Stack">Where to go on behind the rule's end.</param>
internal readonly record struct Configuration(int State, int Count, ReturnNode Stack) : IComparable<Configuration>
{
    public const int Whole = -1;

    public int CompareTo(Configuration other)
    {
        int byState = State.CompareTo(other.State);
        if (byState != 0) return byState;
        int byCount = Count.CompareTo(other.Count);
        return byCount != 0 ? byCount : Stack.Id.CompareTo(other.Stack.Id);
    }
}

/// <summary>
/// The places to return to when a rule ends: one for each caller that began it at the same position (a node of a graph-structured stack, Tomita 1986). Equal
/// nodes of one automaton are one object.
/// </summary>
internal sealed class ReturnNode(int id, Configuration[] frames)
{
    /// <summary>The bottom: the text is complete.</summary>
    public static ReturnNode Bottom { get; } = new(0, [new(Configuration.Whole, 0, null!)]);

    public int Id { get; } = id;

    public Configuration[] Frames { get; } = frames;
}

/// <summary>Gives one object for equal lists.</summary>
internal sealed class ConfigurationComparer : IEqualityComparer<Configuration[]>
{
    public static ConfigurationComparer Instance { get; } = new();

    public bool Equals(Configuration[]? a, Configuration[]? b)
    {
        if (a!.Length != b!.Length) return false;
        for (int i = 0; i < a.Length; i++)
            if (a[i].State != b[i].State || a[i].Count != b[i].Count || !ReferenceEquals(a[i].Stack, b[i].Stack)) return false;
        return true;
    }

    public int GetHashCode(Configuration[] list)
    {
        var hash = new HashCode();
        foreach (var item in list)
        {
            hash.Add(item.State);
            hash.Add(item.Count);
            hash.Add(item.Stack?.Id ?? -1);
        }
        return hash.ToHashCode();
    }
}
