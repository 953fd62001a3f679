using Hearth.Numerics;

namespace Hearth.Models;

/// <summary>Keys and values of all layers in blocks of <see cref="Kernels.KvBlock"/> positions, float32.</summary>
public sealed class KvCache : IDisposable
{
    private readonly NativeBlock _memory;
    private readonly KvLayer[] _layers;

    /// <summary>Memory for <paramref name="blocks"/> blocks.</summary>
    public KvCache(ModelConfiguration configuration, int blocks)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(blocks, 1);
        Blocks = blocks;
        int width = configuration.KeyValueHeads * configuration.HeadWidth;
        long perLayer = (long)blocks * Kernels.KvBlock * width;
        // Not zeroed: pages are first touched when tokens come, and what was never written is never read (E5).
        _memory = new NativeBlock(perLayer * 2 * configuration.Layers * sizeof(float), zeroed: false);
        _layers = new KvLayer[configuration.Layers];
        for (int layer = 0; layer < _layers.Length; layer++)
        {
            var keys = _memory.Floats(perLayer * 2 * layer, checked((int)perLayer));
            var values = _memory.Floats(perLayer * (2 * layer + 1), checked((int)perLayer));
            _layers[layer] = new KvLayer(keys, values, configuration.KeyValueHeads, configuration.HeadWidth);
        }
    }

    /// <summary>Number of blocks.</summary>
    public int Blocks { get; }

    /// <summary>One layer's part.</summary>
    public KvLayer Layer(int layer) => _layers[layer];

    /// <summary>Copies the keys and values of a block, in all layers.</summary>
    public void CopyBlock(int from, int to)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)from, (uint)Blocks, nameof(from));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)to, (uint)Blocks, nameof(to));
        long perLayer = _memory.Bytes / sizeof(float) / (2 * _layers.Length);
        int length = (int)(perLayer / Blocks);
        for (int part = 0; part < 2 * _layers.Length; part++)
            _memory.Floats(perLayer * part + (long)from * length, length).Span.CopyTo(_memory.Floats(perLayer * part + (long)to * length, length));
    }

    /// <summary>Bytes of one block over all layers.</summary>
    public static long BytesPerBlock(ModelConfiguration configuration) =>
        2L * configuration.Layers * configuration.KeyValueHeads * configuration.HeadWidth * Kernels.KvBlock * sizeof(float);

    /// <summary>Frees the memory.</summary>
    public void Dispose() => _memory.Dispose();
}
