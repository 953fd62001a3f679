using System.Buffers;
using System.Buffers.Text;

namespace Hearth.ControlPlane;

/// <summary>
/// Image parts: data URIs of PNG or JPEG, whole, of a kind that their first bytes confirm, and of a bounded size. Addresses are refused: a data
/// set that depends on another server may train on other images tomorrow.
/// </summary>
public static class ImageParts
{
    public const int MaxBytes = 20 << 20;
    public const long MaxPixels = 100_000_000; // rule S6

    private const string Inline = "Embed it as data:image/png;base64,…: hearth datasets inline-images does.";

    internal static RowProblem? Check(RowValue part, int index, ref MessageTotals seen)
    {
        if (!part.TryGet("image_url"u8, out var image) || !image.TryGet("url"u8, out var url) || !url.IsString)
            return new($"an image of message {index} has no url", "Write it as {\"type\": \"image_url\", \"image_url\": {\"url\": \"data:image/png;base64,…\"}}.");
        var uri = url.Utf8(ArrayPool<byte>.Shared, out var rented);
        try
        {
            if (CheckUri(uri, index) is { } problem) return problem;
        }
        finally
        {
            if (rented is not null) ArrayPool<byte>.Shared.Return(rented);
        }
        seen.Features |= RowFeatures.Images;
        seen.ImageBytes += url.Raw.Length;
        return null;
    }

    private static RowProblem? CheckUri(ReadOnlySpan<byte> uri, int index)
    {
        if (StartsWith(uri, "http://"u8) || StartsWith(uri, "https://"u8))
            return new($"an image of message {index} is an address, not a data URI", Inline);
        if (!StartsWith(uri, "data:image/"u8)) return new($"an image of message {index} is not a data URI", Inline);
        var comma = uri.IndexOf((byte)',');
        if (comma < 0 || !uri[..comma].EndsWith(";base64"u8))
            return new($"an image of message {index} is not in base64", "Write it as data:image/png;base64,….");
        var kind = uri["data:image/".Length..(comma - ";base64".Length)];
        if (KindOf(kind) is not { } declared)
            return new($"an image of message {index} is of a kind other than png, jpg and jpeg", "Convert it to PNG or JPEG.");
        return CheckBytes(uri[(comma + 1)..], declared, index);
    }

    private static RowProblem? CheckBytes(ReadOnlySpan<byte> base64, ImageKind declared, int index)
    {
        if (base64.Length / 4 * 3L > MaxBytes) return new($"an image of message {index} is larger than {MaxBytes >> 20} MB", "Scale it down.");
        var bytes = ArrayPool<byte>.Shared.Rent(Base64.GetMaxDecodedFromUtf8Length(base64.Length));
        try
        {
            if (Base64.DecodeFromUtf8(base64, bytes, out _, out var length) != OperationStatus.Done)
                return new($"an image of message {index} is not valid base64", "Encode the file's bytes again, without line breaks.");
            return ImageHeader.Read(bytes.AsSpan(0, length)) switch
            {
                null => new($"an image of message {index} is no readable {Name(declared)} file", "Its first bytes are not such a file's. Export it again."),
                { } header when header.Kind != declared =>
                    new($"an image of message {index} says {Name(declared)} but is {Name(header.Kind)}", $"Write data:image/{Name(header.Kind)};base64,…."),
                { } header when (long)header.Width * header.Height > MaxPixels =>
                    new($"an image of message {index} has {header.Width} x {header.Height} pixels", $"Scale it down: at most {MaxPixels / 1_000_000} megapixels are read."),
                _ => null,
            };
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private static ImageKind? KindOf(ReadOnlySpan<byte> name) =>
        Equal(name, "png"u8) ? ImageKind.Png : Equal(name, "jpeg"u8) || Equal(name, "jpg"u8) ? ImageKind.Jpeg : null;

    private static string Name(ImageKind kind) => kind == ImageKind.Png ? "png" : "jpeg";

    private static bool StartsWith(ReadOnlySpan<byte> text, ReadOnlySpan<byte> start) => text.Length >= start.Length && Equal(text[..start.Length], start);

    private static bool Equal(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b) => System.Text.Ascii.EqualsIgnoreCase(a, b);
}
