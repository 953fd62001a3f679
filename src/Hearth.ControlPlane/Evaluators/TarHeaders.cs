using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Hearth.ControlPlane;

/// <summary>
/// Reads a tar stream's headers (ustar, pax, GNU long names) and nothing else. The framework's reader allocates what an extended header claims to hold;
/// here a claim is bounded before a byte of it is believed.
/// </summary>
internal sealed class TarHeaders(Stream archive)
{
    private const int Block = 512;
    private const int MaxExtendedBytes = 64 << 10;

    private readonly byte[] _block = new byte[Block];
    private long _left; // of the current entry's content, padding included

    /// <summary>The next file, folder or other thing; null at the end.</summary>
    /// <exception cref="InvalidDataException">This is no tar archive, or it is cut short.</exception>
    public TarItem? Next()
    {
        string? path = null;
        long? size = null;
        while (true)
        {
            Skip();
            archive.ReadExactly(_block);
            if (_block.AsSpan().IndexOfAnyExcept((byte)0) < 0) return null;
            RequireChecksum();
            var claimed = Number(_block.AsSpan(124, 12));
            var type = (char)_block[156];
            switch (type)
            {
                case 'x':
                    foreach (var (key, value) in Extended(claimed))
                    {
                        if (key.StartsWith("GNU.sparse", StringComparison.Ordinal)) type = 'S';
                        else if (key == "path") path = value;
                        else if (key == "size") size = long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var given) ? given : throw Broken();
                    }
                    if (type == 'S') return new(path ?? "", TarKind.Sparse, 0);
                    continue;
                case 'g' or 'K':
                    _ = Content(claimed);
                    continue;
                case 'L':
                    path = Text(Content(claimed));
                    continue;
            }
            var bytes = size ?? claimed;
            _left = checked((bytes + Block - 1) / Block * Block);
            return new(path ?? Name(), KindOf(type), bytes);
        }
    }

    /// <summary>Content of the entry that <see cref="Next"/> has just returned.</summary>
    public byte[] Read(TarItem item)
    {
        var content = new byte[item.Bytes];
        archive.ReadExactly(content);
        _left -= item.Bytes;
        return content;
    }

    private IEnumerable<(string Key, string Value)> Extended(long claimed)
    {
        var text = Text(Content(claimed));
        // Each record: its length in bytes, a space, key=value, a line end.
        foreach (var record in text.Split('\n'))
        {
            var begin = record.IndexOf(' ') + 1;
            var equals = record.IndexOf('=');
            if (begin > 0 && equals > begin) yield return (record[begin..equals], record[(equals + 1)..]);
        }
    }

    private byte[] Content(long claimed)
    {
        if (claimed is < 0 or > MaxExtendedBytes) throw Broken();
        var content = new byte[claimed];
        archive.ReadExactly(content);
        _left = (claimed + Block - 1) / Block * Block - claimed;
        Skip();
        return content;
    }

    private void Skip()
    {
        while (_left > 0)
        {
            var read = archive.Read(_block.AsSpan(0, (int)Math.Min(_left, Block)));
            if (read == 0) throw Broken();
            _left -= read;
        }
    }

    private string Name()
    {
        var name = Text(_block.AsSpan(0, 100));
        var prefix = _block.AsSpan(257, 5).SequenceEqual("ustar"u8) && _block[262] == 0 ? Text(_block.AsSpan(345, 155)) : ""; // GNU's magic has no prefix
        return prefix == "" ? name : $"{prefix}/{name}";
    }

    private void RequireChecksum()
    {
        var sum = _block.Sum(value => value) - _block.AsSpan(148, 8).ToArray().Sum(value => value) + 8 * ' ';
        if (Number(_block.AsSpan(148, 8)) != sum) throw Broken();
    }

    // Octal digits, or a big-endian number where the first bit is set.
    private static long Number(ReadOnlySpan<byte> field)
    {
        if ((field[0] & 0x80) != 0) return field.Length == 12 ? BinaryPrimitives.ReadInt64BigEndian(field[4..]) & long.MaxValue : throw Broken();
        long value = 0;
        foreach (var digit in field)
        {
            if (digit is 0 or (byte)' ') continue;
            if (digit is < (byte)'0' or > (byte)'7') throw Broken();
            value = value * 8 + digit - '0';
        }
        return value;
    }

    private static string Text(ReadOnlySpan<byte> field) => Encoding.UTF8.GetString(field.IndexOf((byte)0) is var end and >= 0 ? field[..end] : field);

    private static TarKind KindOf(char type) => type switch
    {
        '0' or '\0' or '7' => TarKind.File,
        '5' => TarKind.Folder,
        '1' => TarKind.HardLink,
        '2' => TarKind.SymbolicLink,
        '3' => TarKind.CharacterDevice,
        '4' => TarKind.BlockDevice,
        '6' => TarKind.Fifo,
        'S' => TarKind.Sparse,
        _ => TarKind.Unknown,
    };

    private static InvalidDataException Broken() => new("The archive is broken.");
}

/// <summary>One entry of an archive.</summary>
internal sealed record TarItem(string Path, TarKind Kind, long Bytes);

internal enum TarKind { File, Folder, HardLink, SymbolicLink, CharacterDevice, BlockDevice, Fifo, Sparse, Unknown }
