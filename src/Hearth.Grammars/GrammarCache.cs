namespace Hearth.Grammars;

/// <summary>
/// Grammars of one vocabulary by their schema: compiled once, away from the caller's thread and one at a time, the one unused for longest dropped first.
/// Safe to share between threads.
/// </summary>
/// <param name="vocabulary">The tokens.</param>
/// <param name="most">Most grammars.</param>
/// <param name="mostStates">Most states of all of them together.</param>
public sealed class GrammarCache(TokenVocabulary vocabulary, int most = 32, long mostStates = 2 * GrammarLimits.DefaultStates)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, LinkedListNode<Entry>> _entries = new(StringComparer.Ordinal);
    private readonly LinkedList<Entry> _byUse = new(); // last used first
    private readonly SemaphoreSlim _compiling = new(1);

    /// <summary>Grammars that are kept now.</summary>
    public int Count
    {
        get
        {
            lock (_gate) return _entries.Count;
        }
    }

    /// <summary>The automaton of a JSON schema.</summary>
    /// <exception cref="GrammarException">The schema cannot be compiled.</exception>
    public async Task<TokenAutomaton> OfJsonSchemaAsync(string schema, CancellationToken cancellationToken = default)
    {
        Entry entry;
        lock (_gate) entry = Use(schema);
        try
        {
            return await entry.Automaton.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (GrammarException)
        {
            lock (_gate) Drop(schema);
            throw;
        }
    }

    private Entry Use(string schema)
    {
        if (_entries.TryGetValue(schema, out var node)) _byUse.Remove(node);
        else _entries[schema] = node = new(new(schema, Task.Run(() => CompileAsync(schema))));
        _byUse.AddFirst(node);
        while (_byUse.Count > 1 && (_byUse.Count > most || _byUse.Sum(entry => entry.States) > mostStates)) Drop(_byUse.Last!.Value.Schema);
        return node.Value;
    }

    private void Drop(string schema)
    {
        if (_entries.Remove(schema, out var node)) _byUse.Remove(node);
    }

    private async Task<TokenAutomaton> CompileAsync(string schema)
    {
        await _compiling.WaitAsync().ConfigureAwait(false);
        try
        {
            var automaton = new TokenAutomaton(JsonSchemaGrammar.Compile(schema), vocabulary);
            automaton.Prepare();
            return automaton;
        }
        finally
        {
            _compiling.Release();
        }
    }

    private sealed record Entry(string Schema, Task<TokenAutomaton> Automaton)
    {
        public long States => Automaton.IsCompletedSuccessfully ? Automaton.Result.Grammar.StateCount : 0;
    }
}
