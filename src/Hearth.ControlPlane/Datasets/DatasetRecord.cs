namespace Hearth.ControlPlane;

/// <summary>A dataset. It is UPLOADING until a file without faults is there, then READY; its rows never change.</summary>
public sealed record DatasetRecord
{
    public const string Uploading = "UPLOADING";
    public const string Ready = "READY";

    public string CreatedBy { get; init; } = "";
    public string DisplayName { get; init; } = "";
    /// <summary>What the caller set, as JSON of the contract, echoed unchanged.</summary>
    public string Echo { get; init; } = "{}";
    public string Format { get; init; } = "FORMAT_UNSPECIFIED";
    /// <summary>Our own name of what the rows are: <see cref="RowFormats.Names"/>; empty until the dataset is READY.</summary>
    public string HearthFormat { get; init; } = "";
    public long Rows { get; init; }
    /// <summary>Rows that the caller said there would be; null where nothing was said. Never compared before the file is there, and then only warned about.</summary>
    public long? ClaimedRows { get; init; }
    /// <summary>The dataset that this one was made of; null where it was uploaded.</summary>
    public DatasetSource? Source { get; init; }
    /// <summary>Rows with at least one assistant message that counts in the loss.</summary>
    public long TrainableRows { get; init; }
    public long EstimatedTokens { get; init; }
    public double AverageTurns { get; init; }
    /// <summary>SHA-256 of the uploaded file; empty until it is READY.</summary>
    public string Blob { get; init; } = "";
    public string FileName { get; init; } = "";
    /// <summary>The files that were uploaded, where there were several: the blob has them one after the other.</summary>
    public IReadOnlyList<DatasetFile> Files { get; init; } = [];
    public long Bytes { get; init; }
    /// <summary>SHA-256 of the validation report; empty before the first upload.</summary>
    public string ReportBlob { get; init; } = "";
    public ErrorCode StatusCode { get; init; }
    public string StatusMessage { get; init; } = "";
}

/// <summary>One of several files of a dataset, as a part of its blob.</summary>
/// <param name="FirstLine">Line of the blob, from 1, that the file begins with.</param>
public sealed record DatasetFile(string FileName, long Offset, long Bytes, long FirstLine = 1);

/// <summary>Where a dataset's rows came from: the name, and the SHA-256 of the rows that it had then.</summary>
public sealed record DatasetSource(string Name, string Blob);
