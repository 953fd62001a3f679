using System.Buffers.Binary;

namespace Hearth.ControlPlane;

/// <summary>Kinds of image that rows may hold.</summary>
public enum ImageKind { Png, Jpeg }

/// <summary>What the first bytes of an image file say.</summary>
public readonly record struct ImageHeader(ImageKind Kind, int Width, int Height)
{
    /// <summary>Null where they are of neither kind, or cut short before the size.</summary>
    public static ImageHeader? Read(ReadOnlySpan<byte> file)
    {
        if (IsPng(file)) return ReadPng(file);
        return file.Length > 2 && file[0] == 0xFF && file[1] == 0xD8 ? ReadJpeg(file) : null;
    }

    private static bool IsPng(ReadOnlySpan<byte> file) => file.Length >= 24 && BinaryPrimitives.ReadUInt64BigEndian(file) == 0x89504E470D0A1A0A;

    // Signature, then the chunk IHDR: length, name, width, height.
    private static ImageHeader? ReadPng(ReadOnlySpan<byte> file)
    {
        if (!file.Slice(12, 4).SequenceEqual("IHDR"u8)) return null;
        return Sized(ImageKind.Png, BinaryPrimitives.ReadInt32BigEndian(file[16..]), BinaryPrimitives.ReadInt32BigEndian(file[20..]));
    }

    // Segments FF, marker, length; the size stands in the frame header: SOF0..SOF15 without DHT, JPG and DAC.
    private static ImageHeader? ReadJpeg(ReadOnlySpan<byte> file)
    {
        var at = 2;
        while (at + 9 < file.Length)
        {
            if (file[at] != 0xFF) return null;
            var marker = file[at + 1];
            if (marker == 0xFF)
            {
                at++; // fill byte
                continue;
            }
            if (marker is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC))
                return Sized(ImageKind.Jpeg, BinaryPrimitives.ReadUInt16BigEndian(file[(at + 7)..]), BinaryPrimitives.ReadUInt16BigEndian(file[(at + 5)..]));
            if (marker == 0xDA) return null; // the scan began without a frame
            at += marker is 0x01 or (>= 0xD0 and <= 0xD7) ? 2 : 2 + BinaryPrimitives.ReadUInt16BigEndian(file[(at + 2)..]);
        }
        return null;
    }

    private static ImageHeader? Sized(ImageKind kind, int width, int height) => width > 0 && height > 0 ? new(kind, width, height) : null;
}
