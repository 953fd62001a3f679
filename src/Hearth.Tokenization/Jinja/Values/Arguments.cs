namespace Hearth.Tokenization;

/// <summary>The arguments of a call, a filter or a test.</summary>
internal sealed record Arguments(IReadOnlyList<object?> Positional, IReadOnlyDictionary<string, object?> Named)
{
    public static Arguments None { get; } = new([], new Dictionary<string, object?>());

    /// <summary>The argument at a position or under its name, or what stands for it when it was not given.</summary>
    public object? Get(int position, string name, object? absent = null) =>
        position < Positional.Count ? Positional[position] : Named.GetValueOrDefault(name, absent);

    public object? Required(int position, string name) => position < Positional.Count || Named.ContainsKey(name)
        ? Get(position, name)
        : throw ChatTemplateException.Runtime($"missing argument '{name}'");

    public string Text(int position, string name, string absent) => PythonText.Str(Get(position, name, absent));

    public bool Flag(int position, string name, bool absent = false) => PythonValue.IsTrue(Get(position, name, absent));

    public long Integer(int position, string name, long absent) => PythonNumber.ToLong(Get(position, name, absent));

    public Arguments Skip(int count) => new([.. Positional.Skip(count)], Named);
}
