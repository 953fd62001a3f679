namespace Hearth.Benchmarks;

/// <summary>A byte-level BPE vocabulary of the usual size: special tokens, the 256 bytes, then pairs of bytes, each by one merge.</summary>
internal static class RandomVocabulary
{
    private static readonly string[] Special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];

    public static void AddTo(GgufHeader header, int size)
    {
        string[] letters = [.. Enumerable.Range(0, 256).Select(value => Letter(value).ToString())];
        var merges = new List<string>(size);
        var tokens = new List<string>(size);
        tokens.AddRange(Special);
        tokens.AddRange(letters);
        for (int pair = 0; tokens.Count < size; pair++)
        {
            tokens.Add(letters[pair & 255] + letters[pair >> 8]);
            merges.Add(letters[pair & 255] + " " + letters[pair >> 8]);
        }
        header.Add("tokenizer.ggml.model", "gpt2");
        header.Add("tokenizer.ggml.pre", "smollm");
        header.Add("tokenizer.ggml.tokens", tokens);
        header.Add("tokenizer.ggml.token_type", [.. Enumerable.Range(0, size).Select(id => id < Special.Length ? 3 : 1)]);
        header.Add("tokenizer.ggml.merges", merges);
        header.Add("tokenizer.ggml.bos_token_id", 1u);
        header.Add("tokenizer.ggml.eos_token_id", 2u);
    }

    // GPT-2's letters for bytes: printable ones stand for themselves, the others follow from U+0100.
    private static char Letter(int value)
    {
        if (IsPrintable(value)) return (char)value;
        int others = 0;
        for (int i = 0; i < value; i++)
            if (!IsPrintable(i)) others++;
        return (char)(256 + others);
    }

    private static bool IsPrintable(int value) => value is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE and <= 0xFF;
}
