using System.Runtime.InteropServices;

namespace Hearth.Inference;

/// <summary>The blocks of one sequence: position p lies in block <c>[p / block size]</c>.</summary>
public sealed class BlockTable
{
    private readonly List<int> _blocks = [];

    /// <summary>Number of blocks.</summary>
    public int Count => _blocks.Count;

    /// <summary>Leading blocks whose content is published, or known to equal a published one.</summary>
    public int Published { get; private set; }

    /// <summary>A block by its index.</summary>
    public int this[int index] => _blocks[index];

    /// <summary>The block ids.</summary>
    public ReadOnlySpan<int> Span => CollectionsMarshal.AsSpan(_blocks);

    /// <summary>Takes blocks until <paramref name="tokens"/> positions fit; keeps what it got where the pool runs out.</summary>
    public bool TryGrow(BlockPool pool, int tokens)
    {
        while (_blocks.Count * pool.BlockSize < tokens)
        {
            if (!pool.TryTake(out int block)) return false;
            _blocks.Add(block);
        }
        return true;
    }

    /// <summary>Adds a published block that another sequence computed.</summary>
    public void Share(BlockPool pool, int block)
    {
        pool.Hold(block);
        _blocks.Add(block);
        Published++;
    }

    /// <summary>Adds a block that this sequence took for itself.</summary>
    public void Add(int block) => _blocks.Add(block);

    /// <summary>Publishes the next full block.</summary>
    public void PublishNext(BlockPool pool, in PrefixHash hash) => pool.Publish(_blocks[Published++], hash);

    /// <summary>Gives all blocks back, the last first: the head of a prefix is useful to more sequences than its tail, so the tail is evicted first.</summary>
    public void Clear(BlockPool pool)
    {
        for (int i = _blocks.Count - 1; i >= 0; i--) pool.Release(_blocks[i]);
        _blocks.Clear();
        Published = 0;
    }
}
