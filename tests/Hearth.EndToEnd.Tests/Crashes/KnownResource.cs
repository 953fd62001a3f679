namespace Hearth.EndToEnd.Tests;

/// <summary>
/// What a client knows of one resource: how it was after the last write that was acknowledged and, while a write went unanswered, how it may also be.
/// A state is written as a text of the fields that the client set; <see cref="Absent"/> where there is none.
/// </summary>
public sealed class KnownResource(string address)
{
    public const string Absent = "absent";

    /// <summary>Below the account: <c>datasets/d</c>.</summary>
    public string Address { get; } = address;

    public string Kind => Address.Split('/')[0];
    public string State { get; private set; } = Absent;

    /// <summary>SHA-256 of the bytes that were sent, the last upload's.</summary>
    public string Content { get; set; } = "";

    /// <summary>Rows of a file whose PUT was acknowledged and that no validation has taken yet; 0: none.</summary>
    public int Landed { get; set; }

    private string? Perhaps { get; set; }

    public void Try(string next) => Perhaps = next;

    public void Acknowledge() => (State, Perhaps) = (Perhaps!, null);

    /// <summary>Compares with what a server shows and takes that as known. False: an acknowledged write is lost, or one is there by half.</summary>
    public bool Settle(string found)
    {
        if (found != State && found != Perhaps) return false;
        (State, Perhaps) = (found, null);
        return true;
    }

    public override string ToString() => $"{Address}: {State}{(Perhaps is null ? "" : $", perhaps {Perhaps}")}";
}
