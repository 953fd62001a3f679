using System.Text.Json;
using System.Text.Json.Serialization;

namespace Hearth.Contracts;

/// <summary>What a check of a dataset's file found: <c>GET /hearth/v1/{dataset}/report</c>. Its numbers are plain numbers.</summary>
public sealed record HearthDatasetReport
{
    public string File { get; init; } = "";
    public long Bytes { get; init; }
    public string Format { get; init; } = "";
    public string HearthFormat { get; init; } = "";
    public long Rows { get; init; }
    public long TrainableRows { get; init; }
    /// <summary>Rows that hold tools, thinking, images, message weights, sample weights, ground truth; rows that are prompts.</summary>
    public IReadOnlyDictionary<string, long> Features { get; init; } = new Dictionary<string, long>();
    public long Turns { get; init; }
    public double AverageTurns { get; init; }
    public long EstimatedTokens { get; init; }
    public HearthLengths RowBytes { get; init; } = new();
    public long FaultCount { get; init; }
    public IReadOnlyList<HearthRowFault> Faults { get; init; } = [];
    public IReadOnlyList<string> Warnings { get; init; } = [];
    /// <summary>What the model that was asked for makes of the rows.</summary>
    public HearthTokenReport? Tokens { get; init; }

    public static HearthDatasetReport Parse(string json) => JsonSerializer.Deserialize<HearthDatasetReport>(json, JsonSerializerOptions.Web)!;
}

/// <summary>A bad line: its number from 1, the byte at which it begins, the rule that it breaks, what to do.</summary>
public sealed record HearthRowFault(long Line, long Offset, string Rule, string Remedy)
{
    /// <summary>The file that line and offset are in, where a dataset has several.</summary>
    public string? File { get; init; }
}

/// <summary>Lengths in buckets of powers of two.</summary>
public sealed record HearthLengths
{
    public long Count { get; init; }
    public long Sum { get; init; }
    public long Min { get; init; }
    public long Max { get; init; }
    public double Mean { get; init; }
    public IReadOnlyList<HearthLengthBucket> Buckets { get; init; } = [];
}

/// <summary>Lengths above half of <paramref name="UpTo"/> and up to it.</summary>
public sealed record HearthLengthBucket(long UpTo, long Count);

/// <summary>The rows in a model's tokens.</summary>
public sealed record HearthTokenReport
{
    public string Model { get; init; } = "";
    public int ContextLength { get; init; }
    /// <summary>Tokens of each row, in order, over all its examples.</summary>
    public IReadOnlyList<int> PerRow { get; init; } = [];
    public long Rows { get; init; }
    public long Total { get; init; }
    /// <summary>Tokens that count in the loss.</summary>
    public long Trained { get; init; }
    public HearthLengths Histogram { get; init; } = new();
    public HearthRowNumbers LongerThanContext { get; init; } = new();
    public HearthRowNumbers EmptyLossMask { get; init; } = new();
    public long UnreadableRows { get; init; }
    public IReadOnlyList<HearthRowFault> Unreadable { get; init; } = [];
}

/// <summary>How many rows, and the numbers of the first thousand.</summary>
public sealed record HearthRowNumbers
{
    public long Count { get; init; }
    public IReadOnlyList<long> Rows { get; init; } = [];
}

/// <summary>One row of a dataset: <c>GET /hearth/v1/{dataset}/rows/{n}</c>.</summary>
public sealed record HearthDatasetRow
{
    public string Dataset { get; init; } = "";
    /// <summary>From 1; blank lines are not rows.</summary>
    [JsonConverter(typeof(Int64AsNumber))]
    public long Row { get; init; }
    [JsonConverter(typeof(Int64AsNumber))]
    public long Line { get; init; }
    [JsonConverter(typeof(Int64AsNumber))]
    public long Offset { get; init; }
    public JsonElement Content { get; init; }
    /// <summary>The model that was asked for.</summary>
    public string Model { get; init; } = "";
    /// <summary>What that model makes of the row; empty without a model.</summary>
    public IReadOnlyList<HearthRowExample> Examples { get; init; } = [];
}

/// <summary>One token sequence of a row.</summary>
public sealed record HearthRowExample
{
    /// <summary>Which part of the row; empty where it is all of it.</summary>
    public string Name { get; init; } = "";
    public string Text { get; init; } = "";
    /// <summary>The text that each token adds; empty for a token that ends within a character.</summary>
    public IReadOnlyList<string> Tokens { get; init; } = [];
    public IReadOnlyList<int> TokenIds { get; init; } = [];
    /// <summary>1 where the token counts in the loss, else 0.</summary>
    public IReadOnlyList<int> LossMask { get; init; } = [];
    /// <summary>Multiplier of the row's loss.</summary>
    public double Weight { get; init; }
}
