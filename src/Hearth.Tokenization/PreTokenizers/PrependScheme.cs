namespace Hearth.Tokenization;

/// <summary>Where Metaspace puts a mark in front: every piece, only the start of the text, nowhere.</summary>
internal enum PrependScheme
{
    Always,
    First,
    Never,
}
