using System.Security.Cryptography;
using System.Text;

namespace Hearth.ControlPlane;

/// <summary>The key that wraps data keys (rule S4): 32 random bytes in a file of its own, as one line of base64, outside the database and its backups.</summary>
public sealed class MasterKey
{
    private readonly byte[] _key;

    private MasterKey(byte[] key) => _key = key;

    /// <summary>Tells keys apart without telling the key.</summary>
    public string Id => Convert.ToHexStringLower(SHA256.HashData([.. "hearth master key id\n"u8, .. _key]))[..16];

    /// <summary>Reads a key file.</summary>
    /// <exception cref="InvalidOperationException">There is none, others may read it, or it holds no key. The message has the remedy.</exception>
    public static MasterKey Read(string path)
    {
        if (!File.Exists(path)) throw new InvalidOperationException($"The master key file {path} is missing. Put it back from where you keep it apart from the backups.");
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite)) != 0)
            throw new InvalidOperationException($"The master key file {path} is open to others than its owner. Close it: chmod 600 {path}");
        var key = new byte[AuthenticatedBox.KeyBytes];
        if (!Convert.TryFromBase64String(File.ReadAllText(path).Trim(), key, out var length) || length != key.Length)
            throw new InvalidOperationException($"The master key file {path} does not hold 32 bytes in base64. Make one with: head -c 32 /dev/urandom | base64");
        return new(key);
    }

    /// <summary>Makes a new key in a new file that only its owner may read, durable when this returns.</summary>
    public static MasterKey Create(string path)
    {
        var key = new MasterKey(RandomNumberGenerator.GetBytes(AuthenticatedBox.KeyBytes));
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        var folder = Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!).FullName;
        using (var file = new FileStream(path, options))
        {
            file.Write(Encoding.ASCII.GetBytes(Convert.ToBase64String(key._key) + "\n"));
            file.Flush(flushToDisk: true);
        }
        Durability.SyncFolder(folder);
        return key;
    }

    internal DataKeyRecord Wrap(string dataKey, byte[] key) => new() { MasterKey = Id, Wrapped = AuthenticatedBox.Seal(_key, key, Associated(dataKey)) };

    /// <returns>The data key, or null where another master key wrapped it or its row was changed.</returns>
    internal byte[]? Unwrap(string dataKey, DataKeyRecord record) => AuthenticatedBox.TryOpen(_key, record.Wrapped, Associated(dataKey));

    private static byte[] Associated(string dataKey) => Encoding.UTF8.GetBytes($"hearth data key\n{dataKey}");
}

/// <summary>A data key as stored: wrapped by the master key of that id.</summary>
public sealed record DataKeyRecord
{
    public string MasterKey { get; init; } = "";
    public byte[] Wrapped { get; init; } = [];
}
