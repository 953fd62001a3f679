using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>Page tokens are the last row's place, signed together with the query that they continue.</summary>
internal sealed class PageTokens(byte[] key)
{
    private const int SignatureBytes = 16;

    public string Write(ResourceKey last, string fingerprint)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(last);
        return Base64Url.EncodeToString([.. Sign(body, fingerprint), .. body]);
    }

    /// <exception cref="HearthException">The token is not ours, or belongs to another query.</exception>
    public ResourceKey Read(string token, string fingerprint)
    {
        try
        {
            var bytes = Base64Url.DecodeFromChars(token);
            if (bytes.Length > SignatureBytes && CryptographicOperations.FixedTimeEquals(bytes.AsSpan(0, SignatureBytes), Sign(bytes.AsSpan(SignatureBytes), fingerprint)))
                return JsonSerializer.Deserialize<ResourceKey>(bytes.AsSpan(SignatureBytes))!;
        }
        catch (FormatException)
        {
            // Falls through: not even base64.
        }
        throw new HearthException(ErrorCode.InvalidArgument, "pageToken is not valid for this list. Keep all other parameters equal between pages, or start again without it.") { Param = "pageToken" };
    }

    private byte[] Sign(ReadOnlySpan<byte> body, string fingerprint)
    {
        byte[] message = [.. SHA256.HashData(Encoding.UTF8.GetBytes(fingerprint)), .. body];
        return HMACSHA256.HashData(key, message)[..SignatureBytes];
    }
}
