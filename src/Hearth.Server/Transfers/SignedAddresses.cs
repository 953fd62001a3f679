using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>
/// Addresses that carry their own permission (rule S7): a signature over verb, account, place, file name, size, end and offer, with a key of its own.
/// Their base is the server's public address, never the Host header.
/// </summary>
internal sealed class SignedAddresses(byte[] key, PublicAddress address, IBlobs blobs, TimeProvider clock)
{
    public const string Prefix = "/hearth/v1/transfers/";

    private const string Blobs = "blobs/", Parts = "parts/", Folders = "folders/", Runs = "runs/";

    /// <summary>How long a download's address answers.</summary>
    public static TimeSpan DownloadPeriod { get; } = TimeSpan.FromMinutes(10);

    /// <summary>Where to PUT an offered file, once.</summary>
    public string ForUpload(Stored<UploadRecord> upload) =>
        Sign(new("PUT", upload.Name.Account, upload.Name.Value, upload.Value.FileName, upload.Value.Bytes, upload.Value.Expires.ToUnixTimeSeconds(), upload.Value.Offer));

    /// <summary>Where to GET a blob as <paramref name="fileName"/>.</summary>
    public string ForBlob(string account, string sha256, string fileName) => ForDownload(account, Blobs + sha256, fileName);

    /// <summary>Where to GET a part of a blob as <paramref name="fileName"/>.</summary>
    public string ForBlobPart(string account, string sha256, long offset, long bytes, string fileName) => ForDownload(account, $"{Parts}{sha256}/{offset}/{bytes}", fileName);

    /// <summary>Where to GET a file of a published model.</summary>
    public string ForFolderFile(string account, string folder, string fileName) => ForDownload(account, $"{Folders}{folder}/{fileName}", fileName);

    /// <summary>Where to GET a file of a job's run folder, such as <c>metrics.jsonl</c>.</summary>
    /// <param name="path">Below the run folder, with slashes.</param>
    public string ForRunFile(ResourceName job, string path, string fileName) => ForDownload(job.Account, $"{Runs}{job}/{path}", fileName);

    /// <summary>What an address allows.</summary>
    /// <exception cref="HearthException">The signature is missing or wrong, or the address has ended.</exception>
    public SignedAddress Read(HttpRequest request, string verb)
    {
        var (account, place) = ((string)request.RouteValues["tenant"]!, (string?)request.RouteValues["place"] ?? "");
        if (Field("file") is not { } file || Number("size") is not { } size || Number("expires") is not { } expires || Number("offer") is not { } offer || Field("signature") is not { } signature)
            throw HearthException.Invalid("This is not a whole signed address. Use it exactly as it was given, with its query.");
        var signed = new SignedAddress(verb, account, place, file, size, expires, offer);
        if (!CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Signature(signed)), Encoding.UTF8.GetBytes(signature)))
            throw new HearthException(ErrorCode.PermissionDenied, $"The signature does not fit this address and {verb}. Use the address exactly as it was given.");
        if (clock.GetUtcNow().ToUnixTimeSeconds() >= expires)
            throw new HearthException(ErrorCode.PermissionDenied, $"This address ended at {DateTimeOffset.FromUnixTimeSeconds(expires):yyyy-MM-dd'T'HH:mm:ss'Z'}. Ask for a new one.");
        return signed;

        string? Field(string name) => request.Query.TryGetValue(name, out var values) && values is [{ } one] ? one : null;
        long? Number(string name) => long.TryParse(Field(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
    }

    /// <summary>What a download's address names, open for reading; null where it is gone.</summary>
    public Stream? Open(SignedAddress download)
    {
        var (path, part) = Locate(download.Place);
        if (!File.Exists(path)) return null;
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1, FileOptions.Asynchronous | FileOptions.SequentialScan);
        return part is { } slice ? new FileSlice(file, slice.Offset, slice.Bytes) : file;
    }

    private (string Path, (long Offset, long Bytes)? Part) Locate(string place)
    {
        var parts = place.Split('/');
        return (parts[0] + "/") switch
        {
            Blobs => (blobs.PathOf(parts[1]), null),
            Parts => (blobs.PathOf(parts[1]), (long.Parse(parts[2], CultureInfo.InvariantCulture), long.Parse(parts[3], CultureInfo.InvariantCulture))),
            Folders => (Path.Combine(blobs.FolderOf(parts[1]), parts[2]), null),
            _ => (Path.Combine([blobs.RunFolder(string.Join('/', parts[1..5])), .. parts[5..]]), null),
        };
    }

    private string ForDownload(string account, string place, string fileName)
    {
        var (path, part) = Locate(place);
        var size = part?.Bytes ?? (new FileInfo(path) is { Exists: true } file ? file.Length : throw HearthException.NotFound(fileName));
        return Sign(new("GET", account, place, fileName, size, (clock.GetUtcNow() + DownloadPeriod).ToUnixTimeSeconds(), 0));
    }

    private string Sign(SignedAddress signed)
    {
        var place = string.Join('/', signed.Place.Split('/').Select(Uri.EscapeDataString));
        return $"{address.Value}{Prefix}{signed.Account}/{place}?file={Uri.EscapeDataString(signed.File)}&size={signed.Size}&expires={signed.Expires}&offer={signed.Offer}&signature={Signature(signed)}";
    }

    // Names hold no line ends, so that no two addresses have the same text.
    private string Signature(SignedAddress signed)
    {
        var text = string.Join('\n', signed.Verb, signed.Account, signed.Place, signed.File, signed.Size, signed.Expires, signed.Offer);
        return Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text)));
    }
}

/// <summary>What a signature stands for.</summary>
/// <param name="Place">Of an upload its row's name; of a download <c>blobs/…</c>, <c>parts/…</c>, <c>folders/…</c> or <c>runs/…</c>.</param>
/// <param name="Size">Bytes: exact for an upload; of a download as it was when signed.</param>
/// <param name="Expires">Unix time in seconds.</param>
internal sealed record SignedAddress(string Verb, string Account, string Place, string File, long Size, long Expires, long Offer);
