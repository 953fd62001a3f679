namespace Hearth.Numerics;

public static unsafe partial class Kernels
{
    /// <summary>y[t] = table[tokenIds[t]].</summary>
    /// <remarks>table: [V, D]. y: [T, D].</remarks>
    /// <exception cref="ArgumentException">A length does not fit, or an id is outside the table.</exception>
    public static void EmbeddingGather(ReadOnlySpan<int> tokenIds, ReadOnlySpan<float> table, Span<float> y)
    {
        int width = EmbeddingWidth(tokenIds, y.Length, nameof(EmbeddingGather), nameof(y));
        RequireIds(tokenIds, table.Length, width, nameof(EmbeddingGather));
        for (int t = 0; t < tokenIds.Length; t++)
            table.Slice(tokenIds[t] * width, width).CopyTo(y.Slice(t * width, width));
    }

    /// <summary>y[t] = row tokenIds[t] of a packed table, widened: a tied embedding has no second copy.</summary>
    /// <remarks>y: [T, D].</remarks>
    /// <exception cref="ArgumentException">A length does not fit, or an id is outside the table.</exception>
    public static void EmbeddingGather(ReadOnlySpan<int> tokenIds, PackedWeight table, Span<float> y)
    {
        Shapes.Require(y.Length, (long)tokenIds.Length * table.Inputs, nameof(EmbeddingGather), nameof(y));
        for (int t = 0; t < tokenIds.Length; t++)
        {
            RequireId(tokenIds[t], table.Outputs, nameof(EmbeddingGather));
            table.WriteRow(tokenIds[t], y.Slice(t * table.Inputs, table.Inputs));
        }
    }

    /// <summary>dTable[tokenIds[t]] += dy[t], rows ascending: a row's gradient is the chain over its uses (E1).</summary>
    /// <remarks>dy: [T, D]. dTable: [V, D], added to.</remarks>
    /// <exception cref="ArgumentException">A length does not fit, or an id is outside the table.</exception>
    public static void EmbeddingBackward(ComputePool pool, ReadOnlySpan<int> tokenIds, ReadOnlySpan<float> dy, Span<float> dTable)
    {
        int width = EmbeddingWidth(tokenIds, dy.Length, nameof(EmbeddingBackward), nameof(dy));
        RequireIds(tokenIds, dTable.Length, width, nameof(EmbeddingBackward));
        fixed (int* ids = tokenIds)
        fixed (float* dys = dy, table = dTable)
            LaneWork.For(pool, LaneWork.Items(width, EmbeddingWork.Columns), new EmbeddingWork(ids, dys, table, tokenIds.Length, width));
    }

    private static int EmbeddingWidth(ReadOnlySpan<int> tokenIds, int length, string operation, string argument) =>
        tokenIds.IsEmpty ? length : Shapes.Rows(length, tokenIds.Length, operation, argument);

    private static void RequireIds(ReadOnlySpan<int> tokenIds, int tableLength, int width, string operation)
    {
        if (tokenIds.IsEmpty) return;
        int vocabulary = Shapes.Rows(tableLength, width, operation, "table");
        foreach (int id in tokenIds) RequireId(id, vocabulary, operation);
    }

    private static void RequireId(int id, int vocabulary, string operation)
    {
        if ((uint)id >= (uint)vocabulary)
            throw new ArgumentException($"{operation}: token id {id} is not in 0..{vocabulary - 1}.", "tokenIds");
    }

    /// <summary>An item owns a range of columns and walks all rows (E10).</summary>
    private readonly struct EmbeddingWork(int* ids, float* dy, float* table, int rows, int width) : ILaneWork
    {
        public const int Columns = 64;

        public void Run<T>(int item, int thread) where T : unmanaged, ILanes<T>
        {
            int start = item * Columns;
            int count = Math.Min(Columns, width - start);
            for (int row = 0; row < rows; row++)
                AddRange<T>(dy + (long)row * width + start, table + (long)ids[row] * width + start, count);
        }
    }
}
