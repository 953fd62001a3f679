namespace Hearth.TestKit;

/// <summary>A folder of one test's own, removed with it.</summary>
public sealed class TemporaryFolder : IDisposable
{
    /// <summary>Where it is.</summary>
    public string Path { get; } = Directory.CreateTempSubdirectory("hearth-test-").FullName;

    /// <summary>Removes it with all that is in it.</summary>
    public void Dispose() => Directory.Delete(Path, recursive: true);
}
