using System.Numerics;
using System.Text;

namespace Hearth.Tokenization;

/// <summary>Truth, equality, order, iteration and length as Python has them.</summary>
internal static class PythonValue
{
    public static bool IsTrue(object? value) => value switch
    {
        null or Undefined => false,
        bool flag => flag,
        long number => number != 0,
        BigInteger number => !number.IsZero,
        double number => number != 0,
        string text => text.Length > 0,
        Markup markup => markup.Text.Length > 0,
        JinjaList list => list.Items.Count > 0,
        JinjaDict dict => dict.Count > 0,
        _ => true,
    };

    public static bool AreEqual(RenderBudget budget, object? left, object? right)
    {
        budget.Step();
        RenderBudget.Descend();
        if (PythonNumber.IsNumber(left) && PythonNumber.IsNumber(right)) return PythonNumber.Compare(left, right) == 0;
        if (AsText(left) is { } text) return AsText(right) is { } other && text == other;
        return (left, right) switch
        {
            (null, null) or (Undefined, Undefined) => true,
            (JinjaList a, JinjaList b) => a.IsTuple == b.IsTuple && a.Items.Count == b.Items.Count
                && a.Items.Zip(b.Items).All(pair => AreEqual(budget, pair.First, pair.Second)),
            (JinjaDict a, JinjaDict b) => a.Count == b.Count
                && a.Entries.All(entry => b.TryGet(entry.Key, out var value) && AreEqual(budget, entry.Value, value)),
            _ => ReferenceEquals(left, right),
        };
    }

    /// <summary>Less than zero, zero, more than zero; values without an order fail.</summary>
    public static int Compare(RenderBudget budget, object? left, object? right)
    {
        budget.Step();
        RenderBudget.Descend();
        if (left is Undefined undefined) throw undefined.Error();
        if (right is Undefined other) throw other.Error();
        if (PythonNumber.IsNumber(left) && PythonNumber.IsNumber(right)) return PythonNumber.Compare(left, right);
        if (AsText(left) is { } a && AsText(right) is { } b) return CompareText(a, b);
        if (left is JinjaList x && right is JinjaList y && x.IsTuple == y.IsTuple)
        {
            for (var i = 0; i < Math.Min(x.Items.Count, y.Items.Count); i++)
                if (!AreEqual(budget, x.Items[i], y.Items[i])) return Compare(budget, x.Items[i], y.Items[i]);
            return x.Items.Count.CompareTo(y.Items.Count);
        }

        throw ChatTemplateException.Runtime(
            $"'{PythonText.TypeName(left)}' and '{PythonText.TypeName(right)}' have no order");
    }

    public static string? AsText(object? value) => value switch
    {
        string text => text,
        Markup markup => markup.Text,
        _ => null,
    };

    /// <summary>The elements of anything that can be walked.</summary>
    public static List<object?> Items(RenderBudget budget, object? value)
    {
        var items = value switch
        {
            JinjaList list => list.Items,
            JinjaDict dict => [.. dict.Entries.Select(entry => entry.Key)],
            Generator generator => generator.Take(),
            Undefined => [],
            _ when AsText(value) is { } text => [.. text.EnumerateRunes().Select(rune => (object?)rune.ToString())],
            _ => throw ChatTemplateException.Runtime($"'{PythonText.TypeName(value)}' object is not iterable"),
        };
        budget.Allocate(items.Count);
        return items;
    }

    public static long Length(object? value) => value switch
    {
        JinjaList list => list.Items.Count,
        JinjaDict dict => dict.Count,
        Undefined => 0,
        _ when AsText(value) is { } text => RuneCount(text),
        _ => throw ChatTemplateException.Runtime($"object of type '{PythonText.TypeName(value)}' has no len()"),
    };

    public static bool Contains(RenderBudget budget, object? container, object? item)
    {
        if (AsText(container) is { } text)
        {
            return item is Undefined ? throw ((Undefined)item).Error()
                : AsText(item) is { } part ? text.Contains(part, StringComparison.Ordinal)
                : throw ChatTemplateException.Runtime($"'in <string>' requires string as left operand, not {PythonText.TypeName(item)}");
        }

        return container is JinjaDict dict
            ? item is not (JinjaList or JinjaDict or Undefined) && dict.TryGet(item, out _)
            : Items(budget, container).Any(element => AreEqual(budget, element, item));
    }

    public static int RuneCount(string text)
    {
        var count = text.Length;
        foreach (var unit in text)
            if (char.IsLowSurrogate(unit)) count--;
        return count;
    }

    private static int CompareText(string left, string right)
    {
        foreach (var (a, b) in left.EnumerateRunes().Zip(right.EnumerateRunes()))
            if (a != b) return a.CompareTo(b);
        return left.Length.CompareTo(right.Length);
    }
}
