namespace Hearth.Tokenization;

/// <summary>
/// GPT-2's 256 printable characters, one for each byte: bytes that print stand for themselves, the others are moved to
/// U+0100 and up, in order.
/// </summary>
internal static class ByteAlphabet
{
    private static readonly char[] ToChar = BuildToChar();
    private static readonly short[] ToByte = BuildToByte();

    /// <summary>The character a blank becomes, U+0120.</summary>
    public static char Blank => ToChar[' '];

    public static char Encode(byte value) => ToChar[value];

    public static bool TryDecode(char character, out byte value)
    {
        var found = character < ToByte.Length ? ToByte[character] : (short)-1;
        value = (byte)found;
        return found >= 0;
    }

    private static bool Prints(int value) => value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);

    private static char[] BuildToChar()
    {
        var table = new char[256];
        var moved = 0;
        for (var value = 0; value < 256; value++) table[value] = (char)(Prints(value) ? value : 256 + moved++);
        return table;
    }

    private static short[] BuildToByte()
    {
        var table = new short[512];
        Array.Fill(table, (short)-1);
        for (var value = 0; value < 256; value++) table[ToChar[value]] = (short)value;
        return table;
    }
}
