namespace Hearth.ControlPlane;

/// <summary>One file of a resource: offered an address, then landed. It ends with the resource, when the resource takes it, or after a day.</summary>
public sealed record UploadRecord
{
    public const string Offered = "OFFERED";
    public const string Landed = "LANDED";

    public string FileName { get; init; } = "";
    /// <summary>Exact size, as declared before the upload.</summary>
    public long Bytes { get; init; }
    /// <summary>Number of the offer: an address of an earlier one is dead.</summary>
    public long Offer { get; init; }
    /// <summary>End of the offered address.</summary>
    public DateTimeOffset Expires { get; init; }
    /// <summary>SHA-256 of the landed bytes; empty before.</summary>
    public string Blob { get; init; } = "";
    public string CreatedBy { get; init; } = "";
    /// <summary>Who asked for the address: the audit entry of the upload names them, since the address itself carries no key.</summary>
    public string User { get; init; } = "";
    public string KeyId { get; init; } = "";
}
