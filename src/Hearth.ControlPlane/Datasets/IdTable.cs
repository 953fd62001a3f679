namespace Hearth.ControlPlane;

/// <summary>
/// Which line first had an id, by 64 bits of the id's hash. Ids stand in chunks that are never copied, and a table of their numbers finds them: 12 bytes
/// an id and 5 to 10 in the table, 55 MB for three million.
/// </summary>
internal sealed class IdTable
{
    private const int ChunkBits = 16;
    private const int InChunk = (1 << ChunkBits) - 1;

    private readonly List<(ulong[] Ids, int[] Lines)> _chunks = [];
    private int[] _numbers = new int[1024]; // of ids, from 1; 0 is free
    private int _count;

    /// <summary>Notes an id; answers the line that has it already, or 0.</summary>
    public long Add(ulong id, long line)
    {
        if (_count * 5L > _numbers.Length * 4L) Grow();
        var slot = SlotOf(id);
        if (_numbers[slot] != 0) return LineOf(_numbers[slot]);
        if ((_count & InChunk) == 0) _chunks.Add((new ulong[1 << ChunkBits], new int[1 << ChunkBits]));
        var (ids, lines) = _chunks[^1];
        (ids[_count & InChunk], lines[_count & InChunk]) = (id, (int)line);
        _numbers[slot] = ++_count;
        return 0;
    }

    private ulong IdOf(int number) => _chunks[(number - 1) >> ChunkBits].Ids[(number - 1) & InChunk];

    private int LineOf(int number) => _chunks[(number - 1) >> ChunkBits].Lines[(number - 1) & InChunk];

    private int SlotOf(ulong id)
    {
        var slot = (int)id & (_numbers.Length - 1);
        while (_numbers[slot] != 0 && IdOf(_numbers[slot]) != id) slot = (slot + 1) & (_numbers.Length - 1);
        return slot;
    }

    private void Grow()
    {
        _numbers = new int[_numbers.Length * 2];
        for (var number = 1; number <= _count; number++) _numbers[SlotOf(IdOf(number))] = number;
    }
}
