namespace Hearth.Numerics;

/// <summary>
/// The product behind every matrix operation: C [rows, columns] = A B, an element being one chain over k ascending that starts at +0,
/// or at C to accumulate (E1).
/// </summary>
/// <remarks>
/// A is interleaved into groups of rows once. A work item owns a panel of 32 columns and a chunk of rows: it widens a run of the
/// chain into a tile that stays in the first-level cache, and lets the micro kernel continue the chains of every group over it; C holds
/// them in between. So blocking, threads and instruction set decide only which elements run side by side.
/// </remarks>
internal static unsafe class Gemm
{
    private const int MaximumTile = 256;          // chain elements in a tile: half of one, 16 KB, and a group of rows stay in 32 KB
    private const int MaximumChunk = 192;         // rows of an item: 192 KB of a tile's chain, to stay in a second-level cache of 512 KB
    private const int MaximumChain = 4096;        // chain elements packed at a time
    private const int MaximumPacked = 2 << 20;    // floats packed at a time: 8 MB
    private const int InlineProducts = 1 << 15;   // fewer multiplications than this are not worth waking a thread

    public static void Run(ComputePool pool, RowSource a, TileSource b, int rows, int columns, int chain, float* c, nint stride, bool accumulate)
    {
        if (rows == 0 || columns == 0) return;
        if (chain == 0)
        {
            for (int row = 0; row < rows && !accumulate; row++) new Span<float>(c + row * stride, columns).Clear();
            return;
        }
        var level = Simd.Level;
        int rowBlock = Math.Max(192, MaximumPacked / Math.Min(chain, MaximumChain) / 12 * 12);
        var scratch = pool.Scratch;
        lock (scratch)
        {
            for (int k = 0; k < chain; k += MaximumChain)
            {
                int length = Math.Min(MaximumChain, chain - k);
                for (int row = 0; row < rows; row += rowBlock)
                {
                    var task = new GemmTask(level, a.From(row, k), b, Math.Min(rowBlock, rows - row), columns, k, length, c + row * stride, stride, accumulate || k > 0);
                    RunBlock(pool, scratch, task);
                }
            }
        }
    }

    private static void RunBlock(ComputePool pool, GemmScratch scratch, GemmTask task)
    {
        task.Reserve(scratch, pool.Threads);
        bool inline = task.Products <= InlineProducts;
        Loop(pool, new PackTask(task), task.Groups, inline || task.Groups == 1);
        Loop(pool, task, task.Items, inline);
    }

    private static void Loop<TWork>(ComputePool pool, TWork work, int items, bool inline) where TWork : unmanaged, IParallelWork
    {
        if (!inline)
        {
            pool.For(items, work);
            return;
        }
        for (int item = 0; item < items; item++) work.Run(item, 0);
    }

    /// <summary>Interleaves one group of rows.</summary>
    private struct PackTask(GemmTask task) : IParallelWork
    {
        private GemmTask _task = task;

        public void Run(int item, int thread) => _task.PackGroup(item);
    }

    /// <summary>One panel of columns by one chunk of rows.</summary>
    private struct GemmTask : IParallelWork
    {
        private readonly SimdLevel _level;
        private readonly RowSource _a;
        private readonly TileSource _b;
        private readonly int _rows;
        private readonly int _columns;
        private readonly int _start;
        private readonly int _length;
        private readonly float* _c;
        private readonly nint _stride;
        private readonly bool _reload;
        private readonly int _group;
        private readonly int _tile;
        private int _groupsPerChunk;
        private int _chunks;
        private int _unitsPerItem;
        private int _largeItems;
        private float* _packed;
        private float* _threadScratch;
        private nint _threadStride;

        public GemmTask(SimdLevel level, RowSource a, TileSource b, int rows, int columns, int start, int length, float* c, nint stride, bool reload)
        {
            (_level, _a, _b, _rows, _columns, _start, _length, _reload) = (level, a, b, rows, columns, start, length, reload);
            _c = c;
            _stride = stride;
            _group = level switch { SimdLevel.Avx512 => 12, SimdLevel.Avx2 => 6, _ => MicroKernelsPortable.Rows };
            int tiles = (length + MaximumTile - 1) / MaximumTile;
            _tile = ((length + tiles - 1) / tiles + 31) / 32 * 32;
        }

        public readonly long Products => (long)_rows * _columns * _length;

        public readonly int Groups => (_rows + _group - 1) / _group;

        public int Items { get; private set; }

        private readonly int Panels => (_columns + 31) / 32;

        /// <summary>Divides the product among items and takes scratch memory.</summary>
        public void Reserve(GemmScratch scratch, int threads)
        {
            // Rows of a chunk: a run of the chain of them stays in the second-level cache; at least 96 of them pay for widening a tile.
            int wanted = (8 * threads + Panels - 1) / Panels;
            int chunks = Math.Max(Math.Max(Math.Min(wanted, _rows / 96), (_rows + MaximumChunk - 1) / MaximumChunk), 1);
            _groupsPerChunk = (Groups + chunks - 1) / chunks;
            _chunks = (Groups + _groupsPerChunk - 1) / _groupsPerChunk;
            // Panels of an item read the same rows again from that cache. The last items are single panels, so that threads end together.
            int units = _chunks * Panels;
            _unitsPerItem = Math.Clamp(units / (6 * threads), 1, 8);
            _largeItems = Math.Max(0, units - (threads == 1 ? 0 : 4 * threads)) / _unitsPerItem;
            Items = units - _largeItems * (_unitsPerItem - 1);
            _packed = scratch.Shared((long)Groups * _group * _length);
            _threadStride = (32 * MaximumTile) + (32 * 32) + (12 * 32) + 16;
            _threadScratch = scratch.PerThread(_threadStride * threads);
        }

        /// <summary>The last group may be narrower: the smallest one that a micro kernel exists for.</summary>
        private readonly int GroupRows(int valid) => _level switch
        {
            SimdLevel.Avx512 => valid > 8 ? 12 : valid > 4 ? 8 : 4,
            SimdLevel.Avx2 => valid > 4 ? 6 : valid > 2 ? 4 : 2,
            _ => MicroKernelsPortable.Rows,
        };

        public readonly void PackGroup(int group)
        {
            int first = group * _group;
            int valid = Math.Min(_group, _rows - first);
            _a.Pack(first, GroupRows(valid), valid, _length, _packed + (nint)first * _length, _level != SimdLevel.Portable);
        }

        // A unit is a panel by a chunk of rows; an item is a few units, panel by panel, then chunk by chunk.
        public readonly void Run(int item, int thread)
        {
            bool large = item < _largeItems;
            int unit = large ? item * _unitsPerItem : _largeItems * (_unitsPerItem - 1) + item;
            int end = unit + (large ? _unitsPerItem : 1);
            while (unit < end)
            {
                int chunk = unit / Panels;
                int next = Math.Min(end, (chunk + 1) * Panels);
                RunPanels(chunk, unit - chunk * Panels, next - chunk * Panels, thread);
                unit = next;
            }
        }

        private readonly void RunPanels(int chunk, int firstPanel, int lastPanel, int thread)
        {
            int firstGroup = chunk * _groupsPerChunk;
            int lastGroup = Math.Min(firstGroup + _groupsPerChunk, Groups);
            float* tile = _threadScratch + thread * _threadStride;
            float* square = tile + 32 * MaximumTile;
            float* edge = square + 32 * 32;
            for (int k = 0; k < _length; k += _tile)
            {
                int length = Math.Min(_tile, _length - k);
                bool reload = _reload || k > 0;
                for (int panel = firstPanel; panel < lastPanel; panel++)
                {
                    int columns = Math.Min(32, _columns - panel * 32);
                    _b.Fill(panel, _start + k, length, tile, square, _level);
                    // The next tile: of the next panel, or of the first one further along the chain.
                    bool wraps = panel + 1 == lastPanel;
                    var next = new Tile(wraps ? firstPanel : panel + 1, wraps ? Math.Min(k + _tile, _length - length) : k, length);
                    if (_level == SimdLevel.Avx512)
                    {
                        Groups512(panel, columns, firstGroup, lastGroup, k, length, tile, edge, reload, next);
                        continue;
                    }
                    for (int half = 0; half * 16 < columns; half++)
                        Groups256(panel * 32 + half * 16, Math.Min(16, columns - half * 16), firstGroup, lastGroup, k, length, tile + half * length * 16, edge, reload, next);
                }
            }
        }

        private readonly record struct Tile(int Panel, int K, int Length);

        private readonly Ahead AheadOf(Tile next, int part, int parts, int length) =>
            _b.AheadOf(next.Panel, _start + next.K, next.Length, part, parts, length);

        private readonly void Groups512(int panel, int columns, int group, int lastGroup, int k, int length, float* tile, float* edge, bool reload, Tile next)
        {
            int firstGroup = group;
            int width = columns > 16 ? 32 : 16;
            for (; group < lastGroup; group++)
            {
                int first = group * _group;
                int valid = Math.Min(_group, _rows - first);
                int rows = GroupRows(valid);
                float* a = _packed + (nint)first * _length + (nint)k * rows;
                float* c = _c + first * _stride + panel * 32;
                var ahead = AheadOf(next, group - firstGroup, lastGroup - firstGroup, length);
                if (valid == rows && columns == width)
                {
                    Kernel512(rows, width, a, tile, length, c, _stride, reload, ahead);
                    continue;
                }
                if (reload) CopyBlock(c, _stride, edge, 32, valid, columns);
                Kernel512(rows, width, a, tile, length, edge, 32, reload, ahead);
                CopyBlock(edge, 32, c, _stride, valid, columns);
            }
        }

        private readonly void Groups256(int column, int columns, int group, int lastGroup, int k, int length, float* tile, float* edge, bool reload, Tile next)
        {
            int firstGroup = group;
            for (; group < lastGroup; group++)
            {
                int first = group * _group;
                int valid = Math.Min(_group, _rows - first);
                int rows = GroupRows(valid);
                float* a = _packed + (nint)first * _length + (nint)k * rows;
                float* c = _c + first * _stride + column;
                var ahead = AheadOf(next, group - firstGroup, lastGroup - firstGroup, length);
                if (valid == rows && columns == 16)
                {
                    Kernel256(rows, a, tile, length, c, _stride, reload, ahead);
                    continue;
                }
                if (reload) CopyBlock(c, _stride, edge, 32, valid, columns);
                Kernel256(rows, a, tile, length, edge, 32, reload, ahead);
                CopyBlock(edge, 32, c, _stride, valid, columns);
            }
        }

        private static void Kernel512(int rows, int width, float* a, float* b, nint length, float* c, nint stride, bool reload, Ahead ahead)
        {
            switch (rows + width)
            {
                case 12 + 32: MicroKernelsAvx512.Rows12x32(a, b, length, c, stride, reload, ahead); break;
                case 8 + 32: MicroKernelsAvx512.Rows8x32(a, b, length, c, stride, reload, ahead); break;
                case 4 + 32: MicroKernelsAvx512.Rows4x32(a, b, length, c, stride, reload, ahead); break;
                case 12 + 16: MicroKernelsAvx512.Rows12x16(a, b, length, c, stride, reload, ahead); break;
                case 8 + 16: MicroKernelsAvx512.Rows8x16(a, b, length, c, stride, reload, ahead); break;
                case 4 + 16: MicroKernelsAvx512.Rows4x16(a, b, length, c, stride, reload, ahead); break;
            }
        }

        private readonly void Kernel256(int rows, float* a, float* b, nint length, float* c, nint stride, bool reload, Ahead ahead)
        {
            if (_level == SimdLevel.Portable) MicroKernelsPortable.Rows4(a, b, length, c, stride, reload);
            else if (rows == 6) MicroKernelsAvx2.Rows6(a, b, length, c, stride, reload, ahead);
            else if (rows == 4) MicroKernelsAvx2.Rows4(a, b, length, c, stride, reload, ahead);
            else MicroKernelsAvx2.Rows2(a, b, length, c, stride, reload, ahead);
        }

        private static void CopyBlock(float* source, nint sourceStride, float* target, nint targetStride, int rows, int columns)
        {
            for (int row = 0; row < rows; row++)
                new ReadOnlySpan<float>(source + row * sourceStride, columns).CopyTo(new Span<float>(target + row * targetStride, columns));
        }
    }
}
