namespace Hearth.Numerics;

/// <summary>
/// <see cref="FewRows"/> over several weights in one loop: decoding a mixture of experts reads only the chosen experts' weights, and no thread waits for another
/// between two of them.
/// </summary>
internal static unsafe class FewRowsGrouped
{
    private const int InlineProducts = 1 << 15;

    /// <param name="pool">Threads.</param>
    /// <param name="groups">Groups of rows and their weights, all of one shape.</param>
    /// <param name="count">Groups.</param>
    /// <param name="inputs">K.</param>
    /// <param name="outputs">N.</param>
    public static void Run(ComputePool pool, PanelProduct* groups, int count, int inputs, int outputs)
    {
        var task = new Task(groups);
        int items = count * task.Pairs;
        if ((long)count * outputs * inputs > InlineProducts) pool.For(items, task, inRuns: true);
        else for (int item = 0; item < items; item++) task.Run(item, 0);
    }

    /// <summary>An item is two panels of one group; the last panel of an odd number is one of its own.</summary>
    private readonly struct Task(PanelProduct* groups) : IParallelWork
    {
        public readonly int Pairs = (groups[0].Panels + 1) / 2;

        public void Run(int item, int thread)
        {
            int panel = 2 * (item % Pairs);
            groups[item / Pairs].RunPanels(panel, Math.Min(2, groups[0].Panels - panel));
        }
    }
}
