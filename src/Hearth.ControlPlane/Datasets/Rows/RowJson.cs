using System.Text;
using System.Text.Json;

namespace Hearth.ControlPlane;

/// <summary>
/// One line of JSON as a flat table of its values: read once, without building objects. The table's memory is used again for the next
/// line, so a <see cref="RowValue"/> lives only until the next <see cref="Parse"/>.
/// </summary>
public sealed class RowJson
{
    public const int MaxDepth = 64;

    /// <summary>Values and names in one row: bounds the table, and what reads the row later.</summary>
    public const int MaxValues = 1 << 20;

    private RowEntry[] _entries = new RowEntry[256];
    private readonly int[] _open = new int[MaxDepth + 1];
    private int _count;

    /// <summary>The line's bytes.</summary>
    internal ReadOnlyMemory<byte> Line { get; private set; }

    /// <summary>Reads a line that holds exactly one JSON value.</summary>
    /// <exception cref="JsonException">The line is no JSON, deeper than <see cref="MaxDepth"/>, has more than <see cref="MaxValues"/> values, names a
    /// key twice in one object, or holds half a surrogate pair.</exception>
    public RowValue Parse(ReadOnlyMemory<byte> line)
    {
        Line = line;
        _count = 0;
        var depth = 0;
        var reader = new Utf8JsonReader(line.Span, new JsonReaderOptions { MaxDepth = MaxDepth });
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject or JsonTokenType.StartArray:
                    _open[depth++] = Add(ref reader);
                    continue;
                case JsonTokenType.EndObject or JsonTokenType.EndArray:
                    Close(_open[--depth], ref reader);
                    break;
                default:
                    Add(ref reader);
                    if (reader.TokenType == JsonTokenType.PropertyName) continue;
                    break;
            }
            if (depth > 0) _entries[_open[depth - 1]].Items++;
        }
        return new RowValue(this, 0);
    }

    internal ref readonly RowEntry this[int index] => ref _entries[index];

    private int Add(ref Utf8JsonReader reader)
    {
        if (_count == MaxValues) throw new JsonException($"the row has more than {MaxValues:N0} values", null, 0, reader.TokenStartIndex);
        if (_count == _entries.Length) Array.Resize(ref _entries, _count * 2);
        var isText = reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName;
        _entries[_count] = new RowEntry
        {
            Type = reader.TokenType,
            Start = (int)reader.TokenStartIndex + (isText ? 1 : 0),
            Length = reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray ? 0 : reader.ValueSpan.Length,
            Next = _count + 1,
            IsEscaped = reader.ValueIsEscaped,
        };
        if (reader.ValueIsEscaped && SurrogateEscapes.AreBroken(reader.ValueSpan))
            throw new JsonException("a string holds half of a surrogate pair (\\ud800 to \\udfff alone)", null, 0, reader.TokenStartIndex);
        return _count++;
    }

    private void Close(int start, ref Utf8JsonReader reader)
    {
        ref var entry = ref _entries[start];
        entry.Next = _count;
        entry.Length = (int)reader.TokenStartIndex + 1 - entry.Start;
        if (entry.Type == JsonTokenType.StartObject && entry.Items > 1) RequireDistinctKeys(start, reader.TokenStartIndex);
    }

    // What trains reads objects as dictionaries: of two equal keys one would be lost, or the row refused in the middle of a job.
    private void RequireDistinctKeys(int start, long position)
    {
        const int few = 12;
        if (_entries[start].Items > few)
        {
            var keys = new HashSet<string>();
            foreach (var (key, _) in new RowValue(this, start).Properties)
                if (!keys.Add(key.Text)) throw Twice(key.Text);
            return;
        }
        for (var a = start + 1; a < _count; a = _entries[a + 1].Next)
            for (var b = _entries[a + 1].Next; b < _count; b = _entries[b + 1].Next)
                if (SameText(_entries[a], _entries[b])) throw Twice(new RowValue(this, a).Text);

        JsonException Twice(string key) => new($"the key \"{key}\" stands twice in one object", null, 0, position);
    }

    private bool SameText(in RowEntry a, in RowEntry b)
    {
        if (!a.IsEscaped && !b.IsEscaped) return a.Length == b.Length && Bytes(a).SequenceEqual(Bytes(b));
        return Decode(a) == Decode(b);
    }

    internal ReadOnlySpan<byte> Bytes(in RowEntry entry) => Line.Span.Slice(entry.Start, entry.Length);

    internal string Decode(in RowEntry entry)
    {
        if (!entry.IsEscaped) return Encoding.UTF8.GetString(Bytes(entry));
        var reader = new Utf8JsonReader(Line.Span.Slice(entry.Start - 1, entry.Length + 2));
        reader.Read();
        return reader.GetString()!;
    }
}

/// <summary>A value, or a property's name, in the table: where its text stands and where the next value begins.</summary>
internal struct RowEntry
{
    public JsonTokenType Type;
    public bool IsEscaped;
    /// <summary>First byte of the text; a string's quotes are left out.</summary>
    public int Start;
    public int Length;
    /// <summary>Index of the entry behind this value and all within it.</summary>
    public int Next;
    /// <summary>Elements of a list, properties of an object.</summary>
    public int Items;
}
