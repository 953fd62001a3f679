using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace Hearth.Storage.Sqlite;

/// <summary>Copies of a database file, for backups and before migrations.</summary>
public static class DatabaseCopy
{
    /// <summary>Copies a database as it is at one moment, while others go on writing. The target is there, durable and whole, or not at all.</summary>
    /// <exception cref="SqliteException">The source cannot be read, or the target's disk is full.</exception>
    public static void Take(string source, string target)
    {
        var temporary = target + ".tmp";
        File.Delete(temporary);
        using (var from = Open(source, SqliteOpenMode.ReadWrite))
        using (var to = Open(temporary, SqliteOpenMode.ReadWriteCreate))
        {
            from.BackupDatabase(to);
        }
        using (var file = new FileStream(temporary, FileMode.Open, FileAccess.ReadWrite)) file.Flush(flushToDisk: true);
        File.Move(temporary, target, overwrite: true);
    }

    /// <summary>Number of the schema that the file has; what this program knows is <see cref="NewestSchema"/>.</summary>
    public static int SchemaOf(string path)
    {
        using var connection = Open(path, SqliteOpenMode.ReadWrite);
        return Convert.ToInt32(Scalar(connection, "PRAGMA user_version"));
    }

    public static int NewestSchema => Schema.Version;

    /// <summary>Everything that rows name below a prefix, such as <c>blobs/</c>, without the prefix.</summary>
    public static IReadOnlyList<string> References(string path, string prefix)
    {
        using var connection = Open(path, SqliteOpenMode.ReadWrite);
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT DISTINCT target FROM resource_references WHERE target >= $prefix AND target < $end ORDER BY target";
        command.Parameters.AddWithValue("$prefix", prefix);
        command.Parameters.AddWithValue("$end", prefix[..^1] + (char)(prefix[^1] + 1));
        using var reader = command.ExecuteReader();
        var names = new List<string>();
        while (reader.Read()) names.Add(reader.GetString(0)[prefix.Length..]);
        return names;
    }

    /// <summary>Lets the paths that rows hold begin with another folder: a data directory was moved.</summary>
    public static void Relocate(string path, string from, string to)
    {
        using var connection = Open(path, SqliteOpenMode.ReadWrite);
        using var transaction = connection.BeginTransaction();
        foreach (var (table, column) in new[] { ("resources", "json"), ("assignments", "spec") })
        {
            using var command = connection.CreateCommand();
            command.CommandText = $"UPDATE {table} SET {column} = replace({column}, $from, $to) WHERE instr({column}, $from) > 0";
            command.Parameters.AddWithValue("$from", Beginning(from));
            command.Parameters.AddWithValue("$to", Beginning(to));
            command.ExecuteNonQuery();
        }
        transaction.Commit();
    }

    // A JSON text that begins with the folder: no other text is touched.
    private static string Beginning(string folder) => $"\"{JsonEncodedText.Encode(folder.TrimEnd('/') + "/", JavaScriptEncoder.Default)}";

    private static object? Scalar(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }

    private static SqliteConnection Open(string path, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false }.ConnectionString);
        connection.Open();
        return connection;
    }
}
