namespace Hearth.ControlPlane;

/// <summary>The files that a resource is about to take, by name.</summary>
public sealed class LandedFiles(IReadOnlyList<Stored<UploadRecord>> files, IReadOnlyList<Stored<UploadRecord>> expired)
{
    /// <summary>In ordinal order of file name.</summary>
    public IReadOnlyList<Stored<UploadRecord>> Files => files;

    /// <summary>The resource refers to the bytes from now on: their upload rows end in the same change.</summary>
    public void Adopt(Change change)
    {
        foreach (var file in files.Concat(expired)) Uploads.Close(change, file);
    }

    /// <summary>Rows and bytes go.</summary>
    public void Discard(Change change, DateTimeOffset now)
    {
        foreach (var file in files.Concat(expired)) Uploads.Drop(change, file, now);
    }
}
