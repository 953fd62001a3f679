using System.Diagnostics;

namespace Hearth.Inference;

/// <summary>
/// The life of KV blocks. A block is <em>free</em> (no content), <em>held</em> (one or more sequences use it) or <em>cached</em> (nobody uses it, but its
/// content is published under a prefix hash and may be found again). Taking a block prefers free ones, then evicts the cached block unused for longest.
/// </summary>
/// <remarks>Used by the engine's thread alone.</remarks>
public sealed class BlockPool
{
    private const int None = -1;
    private readonly int[] _holders;
    private readonly PrefixHash?[] _hashes;
    private readonly Stack<int> _free = new();
    private readonly Dictionary<PrefixHash, int> _published = [];
    // The cached blocks as a doubly linked list: oldest first.
    private readonly int[] _older, _newer;
    private readonly long[] _cachedAt;
    private int _oldest = None, _newest = None, _cached;

    /// <summary>A pool of <paramref name="blocks"/> free blocks of <paramref name="blockSize"/> positions.</summary>
    public BlockPool(int blocks, int blockSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(blocks, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(blockSize, 1);
        Blocks = blocks;
        BlockSize = blockSize;
        _holders = new int[blocks];
        _hashes = new PrefixHash?[blocks];
        _older = new int[blocks];
        _newer = new int[blocks];
        _cachedAt = new long[blocks];
        for (int block = blocks - 1; block >= 0; block--) _free.Push(block);
    }

    /// <summary>All blocks.</summary>
    public int Blocks { get; }

    /// <summary>Positions in a block.</summary>
    public int BlockSize { get; }

    /// <summary>Blocks that can be taken: free and cached.</summary>
    public int Available => _free.Count + _cached;

    /// <summary>Blocks that nobody uses and whose content may be found again.</summary>
    public int Cached => _cached;

    /// <summary>The time, as whoever uses the pool counts it: noted on what becomes cached.</summary>
    public long Now { get; set; }

    /// <summary>Since when the cached block that is next to be evicted has not been used; null: nothing is cached. Any thread may ask.</summary>
    public long? OldestCachedAt => Volatile.Read(ref _oldest) is >= 0 and var oldest ? _cachedAt[oldest] : null;

    /// <summary>Cached blocks whose content was given up for another so far.</summary>
    public long Evictions { get; private set; }

    /// <summary>Blocks that hold <paramref name="tokens"/> positions.</summary>
    public int BlocksFor(int tokens) => (tokens + BlockSize - 1) / BlockSize;

    /// <summary>Takes a block, whose content is undefined.</summary>
    public bool TryTake(out int block)
    {
        if (!_free.TryPop(out block))
        {
            if (_oldest == None) return false;
            block = _oldest;
            Unlink(block);
            Unpublish(block);
            Evictions++;
        }
        Debug.Assert(_holders[block] == 0 && _hashes[block] is null);
        _holders[block] = 1;
        return true;
    }

    /// <summary>Adds a holder to a block that is held or cached.</summary>
    public void Hold(int block)
    {
        if (_holders[block] == 0)
        {
            if (_hashes[block] is null) throw new InvalidOperationException($"BlockPool.Hold: block {block} is free, it has no content to hold.");
            Unlink(block);
        }
        _holders[block]++;
    }

    /// <summary>Takes one holder away. A block without holders becomes cached where its content is published, otherwise free.</summary>
    public void Release(int block)
    {
        if (_holders[block] == 0) throw new InvalidOperationException($"BlockPool.Release: nobody holds block {block}.");
        if (--_holders[block] > 0) return;
        if (_hashes[block] is null) _free.Push(block);
        else LinkNewest(block);
    }

    /// <summary>Makes the content of a full, held block findable. The first block published under a hash stays; a later equal one is freed after use.</summary>
    public void Publish(int block, in PrefixHash hash)
    {
        if (_holders[block] == 0) throw new InvalidOperationException($"BlockPool.Publish: nobody holds block {block}.");
        if (_hashes[block] is null && _published.TryAdd(hash, block)) _hashes[block] = hash;
    }

    /// <summary>True: the block's content may be found.</summary>
    public bool IsPublished(int block) => _hashes[block] is not null;

    /// <summary>Finds the block with this content. It is not held yet.</summary>
    public bool TryFind(in PrefixHash hash, out int block) => _published.TryGetValue(hash, out block);

    /// <summary>All blocks that may be found, by their hashes; for checks.</summary>
    internal IReadOnlyDictionary<PrefixHash, int> PublishedBlocks => _published;

    /// <summary>Forgets all cached content.</summary>
    public void ClearCache()
    {
        while (_oldest != None)
        {
            int block = _oldest;
            Unlink(block);
            Unpublish(block);
            _free.Push(block);
        }
    }

    /// <summary>How many sequences hold a block.</summary>
    public int Holders(int block) => _holders[block];

    /// <summary>Checks that every block is in exactly one state and that the index and the list agree with it.</summary>
    /// <exception cref="InvalidOperationException">An invariant is broken.</exception>
    public void Verify()
    {
        var free = _free.ToHashSet();
        Require(free.Count == _free.Count, "a block is twice in the free list");
        var cached = new HashSet<int>();
        for (int block = _oldest; block != None; block = _newer[block]) Require(cached.Add(block), "the list of cached blocks has a loop");
        Require(cached.Count == _cached, "the number of cached blocks differs from their list");
        int published = 0;
        for (int block = 0; block < Blocks; block++)
        {
            int states = (free.Contains(block) ? 1 : 0) + (cached.Contains(block) ? 1 : 0) + (_holders[block] > 0 ? 1 : 0);
            Require(states == 1, $"block {block} is in {states} states");
            Require(!free.Contains(block) || _hashes[block] is null, $"free block {block} is published");
            Require(!cached.Contains(block) || _hashes[block] is not null, $"cached block {block} is not published");
            if (_hashes[block] is not { } hash) continue;
            published++;
            Require(_published.TryGetValue(hash, out int found) && found == block, $"block {block} is not found under its hash");
        }
        Require(published == _published.Count, "the index names a block that is not published");

        static void Require(bool condition, string fault)
        {
            if (!condition) throw new InvalidOperationException($"BlockPool: {fault}.");
        }
    }

    private void Unpublish(int block)
    {
        _published.Remove(_hashes[block]!.Value);
        _hashes[block] = null;
    }

    private void LinkNewest(int block)
    {
        _older[block] = _newest;
        _newer[block] = None;
        if (_newest == None) _oldest = block;
        else _newer[_newest] = block;
        _newest = block;
        _cachedAt[block] = Now;
        _cached++;
    }

    private void Unlink(int block)
    {
        if (_older[block] == None) _oldest = _newer[block];
        else _newer[_older[block]] = _newer[block];
        if (_newer[block] == None) _newest = _older[block];
        else _older[_newer[block]] = _older[block];
        _cached--;
    }
}
