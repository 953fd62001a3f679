namespace Hearth.ControlPlane;

/// <summary>Which line first had an id, by 64 bits of the id's hash: 12 bytes an id, 50 MB for three million.</summary>
internal sealed class IdTable
{
    private ulong[] _ids = new ulong[1024];
    private int[] _lines = new int[1024];
    private int _count;

    /// <summary>Notes an id; answers the line that has it already, or 0.</summary>
    public long Add(ulong id, long line)
    {
        if (_count * 5L > _ids.Length * 4L) Grow();
        var slot = SlotOf(_ids, id);
        if (_ids[slot] == id) return (uint)_lines[slot];
        (_ids[slot], _lines[slot]) = (id, (int)line);
        _count++;
        return 0;
    }

    private static int SlotOf(ulong[] ids, ulong id)
    {
        var slot = (int)(id >> 1) & (ids.Length - 1);
        while (ids[slot] != 0 && ids[slot] != id) slot = (slot + 1) & (ids.Length - 1);
        return slot;
    }

    private void Grow()
    {
        var (ids, lines) = (new ulong[_ids.Length * 2], new int[_ids.Length * 2]);
        for (var i = 0; i < _ids.Length; i++)
        {
            if (_ids[i] == 0) continue;
            var slot = SlotOf(ids, _ids[i]);
            (ids[slot], lines[slot]) = (_ids[i], _lines[i]);
        }
        (_ids, _lines) = (ids, lines);
    }
}
