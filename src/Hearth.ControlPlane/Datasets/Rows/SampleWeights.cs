namespace Hearth.ControlPlane;

/// <summary>The row's own <c>weight</c>: a multiplier of its loss. A file gives it in every row or in none.</summary>
internal static class SampleWeights
{
    public static RowProblem? Check(RowValue row, ref MessageTotals seen, out double weight)
    {
        weight = 1;
        if (!row.TryGetSet("weight"u8, out var value)) return null;
        weight = value.Number;
        if (!(weight >= 0)) return new("the row's weight must be a number of 0 or more", "Remove it or write a number such as 0.5.");
        seen.Features |= RowFeatures.SampleWeight;
        return null;
    }

    /// <summary>Whether a row has one although the file's first row has none, or the other way round.</summary>
    public static RowProblem? CheckEvery(bool hasWeight, bool firstHasWeight, long firstLine) => hasWeight == firstHasWeight
        ? null
        : new(hasWeight ? $"the row has a weight, but line {firstLine} has none" : $"the row has no weight, but line {firstLine} has one",
            "Give every row of the file a weight, or none: 1 changes nothing.");
}
