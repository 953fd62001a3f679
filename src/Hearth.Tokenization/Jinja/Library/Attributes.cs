namespace Hearth.Tokenization;

/// <summary>value.name and value[key]. What the sandbox forbids is undefined, so that using it fails.</summary>
internal static class Attributes
{
    private static readonly HashSet<string> MutatingMethods = new(StringComparer.Ordinal)
    {
        "append", "extend", "insert", "pop", "remove", "reverse", "sort", "clear", "update", "setdefault", "popitem",
    };

    /// <summary>value.name: a method or attribute first, then the key.</summary>
    public static object? Get(Frame frame, object? owner, string name)
    {
        if (owner is Undefined undefined) throw undefined.Error();
        if (name.StartsWith('_')) return Undefined.Unsafe(owner, name);
        if (TryGetOwn(frame, owner, name, out var value)) return value;
        return owner is JinjaDict dict && dict.TryGet(name, out value) ? value : Undefined.Attribute(owner, name);
    }

    /// <summary>value[key]: the key first, then an attribute.</summary>
    public static object? GetItem(Frame frame, object? owner, object? key)
    {
        if (owner is Undefined undefined) throw undefined.Error();
        if (key is Slice slice) return slice.Of(frame, owner);
        if (owner is JinjaDict dict && key is not (JinjaList or JinjaDict or Undefined) && dict.TryGet(key, out var value)) return value;
        if (PythonNumber.IsInteger(key) && owner is not JinjaDict) return At(owner, PythonNumber.ToBig(key));
        if (PythonValue.AsText(key) is not { } name) return new Undefined($"'{PythonText.TypeName(owner)} object' has no such element");
        if (name.StartsWith('_')) return Undefined.Unsafe(owner, name);
        return TryGetOwn(frame, owner, name, out value) ? value : Undefined.Attribute(owner, name);
    }

    /// <summary>Python's getattr: never a dict's key.</summary>
    public static bool TryGetOwn(Frame frame, object? owner, string name, out object? value)
    {
        value = null;
        switch (owner)
        {
            case string or Markup when StringMethods.TryGet(name, out var method):
                var text = PythonValue.AsText(owner)!;
                value = new JinjaFunction(name, (caller, arguments) => method!(caller, text, arguments));
                return true;
            case JinjaList or JinjaDict when MutatingMethods.Contains(name):
                value = Undefined.Unsafe(owner, name);
                return true;
            case JinjaDict dict:
                value = DictMethod(dict, name);
                return value is not null;
            case JinjaList list:
                value = ListMethod(list, name);
                return value is not null;
            case JinjaNamespace names:
                return names.Attributes.TryGet(name, out value);
            case JinjaObject item:
                return item.TryGetAttribute(frame, name, out value);
            case LoopCallable { Loop: var loop }:
                return loop.TryGetAttribute(frame, name, out value);
            case Macro macro when name is "name" or "arguments":
                value = name == "name" ? macro.Name : JinjaList.Tuple([.. macro.Parameters]);
                return true;
            case long or bool or System.Numerics.BigInteger when name == "bit_length":
                var number = System.Numerics.BigInteger.Abs(PythonNumber.ToBig(owner));
                value = new JinjaFunction(name, (_, _) => (long)number.GetBitLength());
                return true;
            case double real when name == "is_integer":
                value = new JinjaFunction(name, (_, _) => real == Math.Floor(real));
                return true;
            default:
                return false;
        }
    }

    private static object? At(object? owner, System.Numerics.BigInteger index)
    {
        var length = owner is JinjaList or string or Markup ? PythonValue.Length(owner) : 0;
        if (index < 0) index += length;
        if (index < 0 || index >= length) return new Undefined($"'{PythonText.TypeName(owner)} object' has no element {index}");
        if (owner is JinjaList list) return list.Items[(int)index];
        var text = PythonValue.AsText(owner)!;
        return text.Length == length ? text[(int)index].ToString() : text.EnumerateRunes().ElementAt((int)index).ToString();
    }

    private static JinjaFunction? DictMethod(JinjaDict dict, string name) => name switch
    {
        "get" => new JinjaFunction(name, (_, arguments) =>
            dict.TryGet(arguments.Required(0, "key"), out var value) ? value : arguments.Get(1, "default")),
        "items" => new JinjaFunction(name, (frame, _) => ItemsOf(frame, dict)),
        "keys" => new JinjaFunction(name, (_, _) => new JinjaList([.. dict.Entries.Select(entry => entry.Key)])),
        "values" => new JinjaFunction(name, (_, _) => new JinjaList([.. dict.Entries.Select(entry => entry.Value)])),
        "copy" => new JinjaFunction(name, (_, _) => dict), // nothing can change it
        _ => null,
    };

    public static JinjaList ItemsOf(Frame frame, JinjaDict dict)
    {
        frame.State.Budget.Allocate(dict.Count);
        return new JinjaList([.. dict.Entries.Select(entry => JinjaList.Tuple(entry.Key, entry.Value))]);
    }

    private static JinjaFunction? ListMethod(JinjaList list, string name) => name switch
    {
        "index" => new JinjaFunction(name, (frame, arguments) =>
            list.Items.FindIndex(item => PythonValue.AreEqual(frame.State.Budget, item, arguments.Required(0, "value"))) is >= 0 and var at
                ? (long)at
                : throw ChatTemplateException.Runtime("the value is not in the list")),
        "count" => new JinjaFunction(name, (frame, arguments) =>
            (long)list.Items.Count(item => PythonValue.AreEqual(frame.State.Budget, item, arguments.Required(0, "value")))),
        "copy" => new JinjaFunction(name, (_, _) => list),
        _ => null,
    };
}
