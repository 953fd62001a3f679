namespace Hearth.ControlPlane;

/// <summary>Where published bytes lie below a data directory.</summary>
public sealed class DataFolders(string root)
{
    public string Blob(string sha256) => Path.Combine(root, "blobs", sha256[..2], sha256);

    public string Folder(string name) => Path.Combine(root, "models", name);
}
