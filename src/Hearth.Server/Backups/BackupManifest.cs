using System.Text.Json;

namespace Hearth.Server;

/// <summary>What a backup holds. It is written last: a folder without it is no backup.</summary>
/// <param name="Schema">Of the database.</param>
/// <param name="DataDirectory">Where the data lay; rows hold paths below it.</param>
/// <param name="Files">Copied files besides the database.</param>
/// <param name="Bytes">Of all files, the database's too.</param>
public sealed record BackupManifest(int Schema, DateTimeOffset Time, string DataDirectory, int Files, long Bytes)
{
    /// <summary>Its name in the backup.</summary>
    public const string FileName = "backup.json";

    internal const string Database = "hearth.db";

    /// <summary>Folders that are copied whole: work in progress and its offsets, which rows count on.</summary>
    internal const string Runs = "runs";

    internal static BackupManifest Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path)) throw new InvalidOperationException($"{folder} is no backup, or one that was cut off: it has no {FileName}. Take another with 'hearth backup'.");
        return JsonSerializer.Deserialize<BackupManifest>(File.ReadAllBytes(path), JsonSerializerOptions.Web)
            ?? throw new InvalidOperationException($"{path} is empty. Take another backup.");
    }

    internal void Write(string folder)
    {
        using var file = new FileStream(Path.Combine(folder, FileName), FileMode.CreateNew);
        JsonSerializer.Serialize(file, this, JsonSerializerOptions.Web);
        file.Flush(flushToDisk: true);
    }
}
