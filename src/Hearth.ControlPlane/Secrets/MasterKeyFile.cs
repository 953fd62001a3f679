namespace Hearth.ControlPlane;

/// <summary>Where the master key lies: a file of the operator's, else <c>keys/master</c> in the data directory, which the first start makes.</summary>
/// <param name="own">True where the server made the file and may replace it; false: it is the operator's.</param>
public sealed class MasterKeyFile(string path, bool own)
{
    public string Path => path;

    /// <summary>True where the server keeps the file itself.</summary>
    public bool IsOwn => own;

    /// <summary>The new key of a rotation that has not ended.</summary>
    private string Next => path + ".next";

    public static MasterKeyFile Of(string dataDirectory, string? operators) =>
        operators is null ? new(System.IO.Path.Combine(dataDirectory, "keys", "master"), own: true) : new(operators, own: false);

    /// <summary>The master key; made where there is neither a key nor anything that one has wrapped.</summary>
    /// <exception cref="InvalidOperationException">It is missing or unreadable.</exception>
    internal MasterKey Open(IReadOnlyList<DataKeyRecord> wrapped)
    {
        FinishRotation(wrapped);
        if (own && wrapped.Count == 0 && !File.Exists(path)) return MasterKey.Create(path);
        return MasterKey.Read(path);
    }

    /// <summary>First half of a rotation: the new key is durable beside the old one.</summary>
    public MasterKey BeginRotation() => MasterKey.Create(Next);

    /// <summary>Second half, once the database is wrapped with the new key: it takes the old one's place.</summary>
    public void EndRotation()
    {
        File.Move(Next, path, overwrite: true);
        Durability.SyncFolder(System.IO.Path.GetDirectoryName(path)!);
    }

    /// <summary>After a crash between the halves: whichever of the two keys the database is wrapped with stays.</summary>
    public void FinishRotation(IReadOnlyList<DataKeyRecord> wrapped)
    {
        if (!own || !File.Exists(Next)) return;
        if (wrapped.Count > 0 && TryId(Next) is { } id && wrapped.All(record => record.MasterKey == id)) EndRotation();
        else File.Delete(Next);
    }

    // A crash may have cut the new key's file short: then nothing was wrapped with it.
    private static string? TryId(string file)
    {
        try
        {
            return MasterKey.Read(file).Id;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
