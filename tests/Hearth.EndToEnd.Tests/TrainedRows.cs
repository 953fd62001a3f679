using Hearth.Training;

namespace Hearth.EndToEnd.Tests;

/// <summary>Chat rows for small jobs.</summary>
internal static class TrainedRows
{
    /// <summary>Word problems with worked answers, as the demo trains them.</summary>
    public static string JsonLines(int rows) => DemoDataset.ToJsonLines(new DemoDataset(seed: 7, trainingRows: rows, heldOutRows: 1).Training);
}
