using Hearth.Numerics;

namespace Hearth.Models;

/// <summary>A folder of packed weights: one file a model, made by the first process that loads it and mapped by every one.</summary>
/// <remarks>
/// Files are named by layout version and stamp of the model (<see cref="ModelStamp"/>), so that none is ever changed: a model that changed, or another layout, has another name.
/// Removing one that is mapped is harmless; whoever has it keeps it.
/// </remarks>
public sealed class PackedStore(string folder, TimeProvider? time = null)
{
    internal const string TemporaryExtension = ".tmp";
    private const string Extension = ".packed";
    private static readonly TimeSpan Abandoned = TimeSpan.FromHours(1); // no maker takes so long between two writes

    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>The folder <c>packed</c> of the data directory: below <c>HEARTH_HOME</c>, else below <c>~/.hearth</c>.</summary>
    public static PackedStore Default => new(FolderBelow(Environment.GetEnvironmentVariable("HEARTH_HOME") is { Length: > 0 } home
        ? home
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify), ".hearth")));

    /// <summary>The folder of a data directory.</summary>
    public static string FolderBelow(string dataDirectory) => Path.Combine(dataDirectory, "packed");

    /// <summary>Where the files lie.</summary>
    public string Folder => folder;

    /// <summary>Maps the model's packed weights, which are made first where there are none. Where they cannot be written, they are packed into memory and the report says why.</summary>
    internal IFrozenWeights Open(ModelFiles files)
    {
        try
        {
            var stamp = ModelStamp.Of(files);
            var path = Path.Combine(folder, $"v{PackedWeight.LayoutVersion}-{Convert.ToHexStringLower(stamp)}{Extension}");
            if (PackedFile.TryOpen(path, stamp, wasMade: false) is { } found) return found;
            PackedFileWriter.Write(path, files, stamp);
            Sweep(files.SourcePath, keep: path);
            return PackedFile.TryOpen(path, stamp, wasMade: true) ?? throw new IOException("The file is not what was written a moment ago.");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return new MemoryWeights(files, $"the packed file could not be written to {folder}, so other processes cannot share it: {fault.Message}");
        }
    }

    /// <summary>Removes files of other layouts, of models that are gone, and what makers left that died.</summary>
    public void Sweep() => Sweep(remade: null, keep: null);

    private void Sweep(string? remade, string? keep)
    {
        if (!Directory.Exists(folder)) return;
        foreach (var path in Directory.EnumerateFiles(folder))
        {
            if (path == keep) continue;
            try
            {
                if (path.EndsWith(TemporaryExtension, StringComparison.Ordinal) ? IsAbandoned(path) : path.EndsWith(Extension, StringComparison.Ordinal) && IsUseless(path, remade)) File.Delete(path);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                // Another process was faster, or the file is another user's: the next sweep sees it again.
            }
        }
    }

    private bool IsAbandoned(string path) => _time.GetUtcNow().UtcDateTime - File.GetLastWriteTimeUtc(path) > Abandoned;

    private static bool IsUseless(string path, string? remade)
    {
        using var memory = new MappedMemory(path);
        try
        {
            var source = PackedHeader.Read(memory).Source;
            return source == remade || !Path.Exists(source);
        }
        catch (InvalidDataException)
        {
            return true;
        }
    }
}
