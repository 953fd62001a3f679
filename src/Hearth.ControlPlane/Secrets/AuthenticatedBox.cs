using System.Security.Cryptography;

namespace Hearth.ControlPlane;

/// <summary>AES-256-GCM over <c>nonce | ciphertext | tag</c>, bound to associated data: what was sealed for one place does not open in another.</summary>
internal static class AuthenticatedBox
{
    public const int KeyBytes = 32;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    public static byte[] Seal(ReadOnlySpan<byte> key, ReadOnlySpan<byte> content, ReadOnlySpan<byte> associated)
    {
        var box = new byte[NonceBytes + content.Length + TagBytes];
        var nonce = box.AsSpan(0, NonceBytes);
        RandomNumberGenerator.Fill(nonce); // 2^32 boxes a key keep the chance of a repeated nonce below 2^-32
        using var aes = new AesGcm(key, TagBytes);
        aes.Encrypt(nonce, content, box.AsSpan(NonceBytes, content.Length), box.AsSpan(NonceBytes + content.Length), associated);
        return box;
    }

    /// <summary>The content, or null where the box was sealed with another key or for other associated data, or was changed since.</summary>
    public static byte[]? TryOpen(ReadOnlySpan<byte> key, ReadOnlySpan<byte> box, ReadOnlySpan<byte> associated)
    {
        if (box.Length < NonceBytes + TagBytes) return null;
        var content = new byte[box.Length - NonceBytes - TagBytes];
        using var aes = new AesGcm(key, TagBytes);
        try
        {
            aes.Decrypt(box[..NonceBytes], box[NonceBytes..^TagBytes], box[^TagBytes..], content, associated);
            return content;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }
}
