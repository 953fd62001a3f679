namespace Hearth.Inference;

/// <summary>Where an addon comes from.</summary>
/// <param name="Name">The name that requests use.</param>
/// <param name="Folder">PEFT folder.</param>
/// <param name="Version">Names the files' content to whoever registers it: another version under a name replaces the one before.</param>
public sealed record AddonSource(string Name, string Folder, string Version);

/// <summary>A loaded addon, held until this is disposed; a request submitted with it holds it on its own.</summary>
public sealed class AddonLease : IDisposable
{
    private Addon? _addon;

    internal AddonLease(Addon addon, string version)
    {
        _addon = addon;
        Version = version;
    }

    /// <summary>The addon.</summary>
    public Addon Addon => _addon ?? throw new ObjectDisposedException(nameof(AddonLease));

    /// <summary>The version that it was registered under.</summary>
    public string Version { get; }

    /// <summary>Gives the hold up.</summary>
    public void Dispose() => Interlocked.Exchange(ref _addon, null)?.Release();
}
