namespace Hearth.Inference;

/// <summary>What all blocks of a sequence have in common, and its prefix hashes therefore start from.</summary>
/// <param name="NumericsId">Which arithmetic wrote the values (E0).</param>
/// <param name="RopeRegime">Which rotary regime, where it depends on the length of the request; else null.</param>
/// <param name="AdapterHash">SHA-256 of the adapter's content, or null for the base model.</param>
/// <param name="Account">Whose request it is: accounts never share blocks. Null: nobody's.</param>
/// <param name="IsolationKey">Splits the cache of an account between its own tenants, or null.</param>
public readonly record struct PrefixRoot(string NumericsId, string? RopeRegime, string? AdapterHash, string? Account, string? IsolationKey)
{
    /// <summary>The parent of a sequence's first block.</summary>
    public PrefixHash Hash => PrefixHash.Of("hearth-prefix-2", NumericsId, RopeRegime, AdapterHash, Account, IsolationKey);
}
