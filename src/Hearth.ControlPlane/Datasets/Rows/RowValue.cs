using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text.Json;

namespace Hearth.ControlPlane;

/// <summary>A JSON value within a <see cref="RowJson"/>; usable until that reads its next line.</summary>
public readonly struct RowValue
{
    private readonly RowJson _row;
    private readonly int _index;

    internal RowValue(RowJson row, int index) => (_row, _index) = (row, index);

    public bool IsObject => Entry.Type == JsonTokenType.StartObject;
    public bool IsList => Entry.Type == JsonTokenType.StartArray;
    public bool IsString => Entry.Type == JsonTokenType.String;
    public bool IsNumber => Entry.Type == JsonTokenType.Number;
    public bool IsBoolean => Entry.Type is JsonTokenType.True or JsonTokenType.False;
    public bool IsTrue => Entry.Type == JsonTokenType.True;
    public bool IsNull => Entry.Type == JsonTokenType.Null;

    /// <summary>Elements of a list, properties of an object; else 0.</summary>
    public int Count => Entry.Items;

    /// <summary>As it stands in the line; of strings, what is between the quotes.</summary>
    public ReadOnlySpan<byte> Raw => _row.Bytes(Entry);

    /// <summary>A string's text, escapes resolved.</summary>
    public string Text => _row.Decode(Entry);

    /// <summary>A number's value; NaN where it is no number or beyond a double.</summary>
    public double Number => IsNumber && Utf8Parser.TryParse(Raw, out double value, out _) && double.IsFinite(value) ? value : double.NaN;

    /// <summary>For messages: "a string", "an empty list".</summary>
    public string Description => Entry.Type switch
    {
        JsonTokenType.StartArray => Count == 0 ? "an empty list" : "a list",
        JsonTokenType.StartObject => "an object",
        JsonTokenType.String => "a string",
        JsonTokenType.Number => "a number",
        JsonTokenType.Null => "null",
        _ => "a boolean",
    };

    private ref readonly RowEntry Entry => ref _row[_index];

    /// <summary>Whether it is the string <paramref name="text"/>.</summary>
    public bool Is(ReadOnlySpan<byte> text) => IsString && (Entry.IsEscaped ? Text == System.Text.Encoding.UTF8.GetString(text) : Raw.SequenceEqual(text));

    /// <summary>An object's property; false for values that are no objects.</summary>
    public bool TryGet(ReadOnlySpan<byte> name, out RowValue value)
    {
        if (IsObject)
        {
            foreach (var (key, found) in Properties)
            {
                if (!key.IsNamed(name)) continue;
                value = found;
                return true;
            }
        }
        value = default;
        return false;
    }

    /// <summary>An object's property that is there and not null.</summary>
    public bool TryGetSet(ReadOnlySpan<byte> name, out RowValue value) => TryGet(name, out value) && !value.IsNull;

    public bool Has(ReadOnlySpan<byte> name) => TryGet(name, out _);

    /// <summary>A list's elements.</summary>
    public RowItems Items => new(_row, _index + 1, IsList ? Entry.Next : _index + 1);

    /// <summary>An object's names and values.</summary>
    public RowProperties Properties => new(_row, _index + 1, IsObject ? Entry.Next : _index + 1);

    /// <summary>A string's UTF-8 bytes, escapes resolved, in memory rented from <paramref name="pool"/> only where there are any.</summary>
    public ReadOnlySpan<byte> Utf8(ArrayPool<byte> pool, out byte[]? rented)
    {
        rented = null;
        if (!Entry.IsEscaped) return Raw;
        rented = pool.Rent(Entry.Length);
        var reader = new Utf8JsonReader(_row.Line.Span.Slice(Entry.Start - 1, Entry.Length + 2));
        reader.Read();
        return rented.AsSpan(0, reader.CopyString(rented));
    }

    private bool IsNamed(ReadOnlySpan<byte> name) => Entry.IsEscaped ? Text == System.Text.Encoding.UTF8.GetString(name) : Raw.SequenceEqual(name);
}

/// <summary>Walks a list.</summary>
public ref struct RowItems
{
    private readonly RowJson _row;
    private readonly int _end;
    private int _next, _current;

    internal RowItems(RowJson row, int first, int end) => (_row, _next, _end) = (row, first, end);

    public readonly RowValue Current => new(_row, _current);

    public readonly RowItems GetEnumerator() => this;

    public bool MoveNext()
    {
        if (_next >= _end) return false;
        _current = _next;
        _next = _row[_current].Next;
        return true;
    }
}

/// <summary>Walks an object.</summary>
public ref struct RowProperties
{
    private readonly RowJson _row;
    private readonly int _end;
    private int _next, _current;

    internal RowProperties(RowJson row, int first, int end) => (_row, _next, _end) = (row, first, end);

    public readonly (RowValue Key, RowValue Value) Current => (new(_row, _current), new(_row, _current + 1));

    public readonly RowProperties GetEnumerator() => this;

    public bool MoveNext()
    {
        if (_next >= _end) return false;
        _current = _next;
        _next = _row[_current + 1].Next;
        return true;
    }
}
