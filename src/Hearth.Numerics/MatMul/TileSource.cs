using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Hearth.Numerics;

/// <summary>
/// Where a product's right-hand side comes from: fills tiles of 32 columns by a run of the chain, as two halves [chain][16],
/// whatever the storage. Columns past the end hold zeros or neighbours' values, which nobody stores.
/// </summary>
internal unsafe struct TileSource
{
    private enum Kind { Panels, PanelsTransposed, Rows, RowsTransposed }

    private Kind _kind;
    private WeightType _type;
    private bool _finite;
    private byte* _data;
    private nint _stride;
    private int _columns;
    private int _chain;

    /// <summary>y = x W^T from packed panels: columns are outputs, the chain runs over inputs.</summary>
    public static TileSource Forward(PackedWeight weight, int firstOutput, int outputs) => new()
    {
        _kind = Kind.Panels,
        _type = weight.Type,
        _finite = weight.IsFinite,
        _data = weight.Data + firstOutput / PackedWeight.PanelOutputs * weight.PanelBytes,
        _stride = (nint)weight.PanelBytes,
        _columns = outputs,
        _chain = weight.Inputs,
    };

    /// <summary>dx = dy W from packed panels: columns are inputs, the chain runs over outputs.</summary>
    public static TileSource Backward(PackedWeight weight, int firstOutput) => new()
    {
        _kind = Kind.PanelsTransposed,
        _type = weight.Type,
        _finite = weight.IsFinite,
        _data = weight.Data + firstOutput / PackedWeight.PanelOutputs * weight.PanelBytes,
        _stride = (nint)weight.PanelBytes,
        _columns = weight.Inputs,
    };

    /// <summary>Part <paramref name="part"/> of <paramref name="parts"/> of the packed bytes behind a tile, to be read in <paramref name="steps"/> steps; nothing for plain rows.</summary>
    public readonly Ahead AheadOf(int panel, int start, int length, int part, int parts, nint steps)
    {
        if (_kind != Kind.Panels) return new Ahead(_data, 0);
        nint bytes = (nint)((long)_stride * length / _chain) / parts;
        return new Ahead(_data + panel * _stride + (nint)((long)_stride * start / _chain) + part * bytes, (bytes + steps - 1) / steps);
    }

    /// <summary>Row-major floats [chain, columns].</summary>
    public static TileSource Rows(float* rows, int columns) => new()
    {
        _kind = Kind.Rows,
        _data = (byte*)rows,
        _stride = columns,
        _columns = columns,
    };

    /// <summary>Row-major floats [columns, chain].</summary>
    public static TileSource RowsTransposed(float* rows, int columns, int chain) => new()
    {
        _kind = Kind.RowsTransposed,
        _data = (byte*)rows,
        _stride = chain,
        _columns = columns,
    };

    /// <summary>Fills chain elements <paramref name="start"/>.. of columns 32 <paramref name="panel"/>... <paramref name="start"/> is a multiple of 32.</summary>
    /// <param name="panel">Which 32 columns.</param>
    /// <param name="start">First chain element.</param>
    /// <param name="length">Chain elements; the halves lie 16 times this apart.</param>
    /// <param name="tile">32 x length floats.</param>
    /// <param name="square">Scratch of 32 x 32 floats.</param>
    /// <param name="level">Instruction set.</param>
    public readonly void Fill(int panel, int start, int length, float* tile, float* square, SimdLevel level)
    {
        bool vector = level != SimdLevel.Portable;
        nint half = length * 16;
        int columns = Math.Min(32, _columns - panel * 32);
        switch (_kind)
        {
            case Kind.Panels:
                PanelTiles.Fill(_type, _finite, _data + panel * _stride, start, length, tile, half, level);
                break;
            case Kind.Rows:
                CopyRows((float*)_data + start * _stride + panel * 32, _stride, length, columns, tile, half, vector);
                break;
            case Kind.RowsTransposed:
                TransposeRows((float*)_data + panel * 32 * _stride + start, _stride, columns, length, tile, half, vector);
                break;
            case Kind.PanelsTransposed:
                // 32 x 32 at a time: outputs become the chain. The panel's rows k are this tile's columns.
                for (int done = 0; done < length; done += 32)
                {
                    PanelTiles.Fill(_type, _finite, _data + (start + done) / 32 * _stride, panel * 32, columns, square, 16 * columns, level);
                    int rest = length - done;
                    TransposeRows(square, 16, columns, Math.Min(rest, 16), tile + done * 16, half, vector);
                    if (rest > 16) TransposeRows(square + 16 * columns, 16, columns, Math.Min(rest - 16, 16), tile + (done + 16) * 16, half, vector);
                }
                break;
        }
    }

    private static void CopyRows(float* rows, nint stride, int length, int columns, float* tile, nint half, bool vector)
    {
        if (vector && columns == 32)
        {
            CopyRows32(rows, stride, length, tile, half);
            return;
        }
        for (int column = 0; column < 32; column += 8)
        {
            float* target = tile + (column < 16 ? 0 : half) + column % 16;
            if (vector && column + 8 <= columns) CopyRows8(rows + column, stride, length, target);
            else CopyTail(rows + column, stride, length, Math.Clamp(columns - column, 0, 8), target);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CopyRows8(float* rows, nint stride, int length, float* tile)
    {
        for (float* end = tile + length * 16; tile < end; tile += 16, rows += stride) Avx.Store(tile, Avx.LoadVector256(rows));
    }

    private static void CopyTail(float* rows, nint stride, int length, int columns, float* tile)
    {
        for (int k = 0; k < length; k++, rows += stride, tile += 16)
        {
            for (int column = 0; column < 8; column++) tile[column] = column < columns ? rows[column] : 0f;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CopyRows32(float* rows, nint stride, int length, float* tile, nint half)
    {
        for (float* end = tile + length * 16; tile < end; tile += 16, rows += stride)
        {
            Avx.Store(tile, Avx.LoadVector256(rows));
            Avx.Store(tile + 8, Avx.LoadVector256(rows + 8));
            Avx.Store(tile + half, Avx.LoadVector256(rows + 16));
            Avx.Store(tile + half + 8, Avx.LoadVector256(rows + 24));
        }
    }

    /// <summary>tile[c][r] = rows[r][c] for r below 32; rows past the end become zeros.</summary>
    private static void TransposeRows(float* rows, nint stride, int count, int length, float* tile, nint half, bool vector)
    {
        for (int r = 0; r < 32; r += 8)
        {
            float* target = tile + (r < 16 ? 0 : half) + r % 16;
            int c = 0;
            if (vector && r + 8 <= count)
            {
                for (; c + 8 <= length; c += 8) Transpose.Square8(rows + r * stride + c, stride, target + c * 16, 16);
            }
            for (; c < length; c++)
            {
                for (int i = 0; i < 8; i++) target[c * 16 + i] = r + i < count ? rows[(r + i) * stride + c] : 0f;
            }
        }
    }
}
