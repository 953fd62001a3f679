namespace Hearth.Tokenization;

/// <summary>
/// How published models cut words, by the names GGUF files use for it (tokenizer.ggml.pre). Each expression cuts what the
/// ones before it left. The expressions are those of the models' own tokenizer.json; "default" is llama.cpp's.
/// </summary>
internal static class PublishedPreTokenizers
{
    private const string Contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private const string Gpt2 = ByteLevelPreTokenizer.Gpt2Pattern;
    private const string Rest = @" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Qwen2 = Contractions + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|" + Rest;
    private const string Qwen35 = Contractions + @"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Llama3 = Contractions + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|" + Rest;
    private const string BailingMoe = @"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+";
    private const string SeedCoder = Contractions + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+";

    // Words split where case changes, "getUserName" into three.
    private const string Upper = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]";
    private const string Lower = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}]";
    private const string Before = @"[^\r\n\p{L}\p{N}]?";
    private const string CaseRest = @" ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Gpt4o = $"{Before}{Upper}*{Lower}+{Contractions}?|{Before}{Upper}+{Lower}*{Contractions}?|" + @"\p{N}{1,3}|" + CaseRest;
    private const string Tekken = $"{Before}{Upper}*{Lower}+|{Before}{Upper}+{Lower}*|" + @"\p{N}|" + CaseRest;
    private const string KimiUpper = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]";
    private const string KimiLower = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]";
    private const string Kimi =
        @"\p{Han}+|" + $"{Before}{KimiUpper}*{KimiLower}+{Contractions}?|{Before}{KimiUpper}+{KimiLower}*{Contractions}?|" + @"\p{N}{1,3}|" + Rest;

    private const string Cjk = "[一-龥ࠀ-一가-퟿]+";
    // The published set also lists astral cased letters (Deseret and the like); their stand-ins are in it.
    private const string DeepSeekLetters =
        @"\s?[A-Za-z\u00B5À-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿ\u0386Έ-\u038AΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝ\u1F5F-\u1F7D\u1F80-\u1FB4\u1FB6-\u1FBC\u1FBE\u1FC2-\u1FC4\u1FC6-\u1FCC\u1FD0-\u1FD3\u1FD6-\u1FDB\u1FE0-\u1FEC\u1FF2-\u1FF4\u1FF6-\u1FFC"
        + @"ℂℇℊ-ℓℕℙ-ℝℤ\u2126ℨ\u212A-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⲳⲳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ]+";

    private const string DeepSeekV3 =
        "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+";

    private static readonly Dictionary<string, string[]> Expressions = new(StringComparer.Ordinal)
    {
        ["default"] = [@"[\p{P}\$\+<=>\^~\|]+", Gpt2, @"\p{N}+", "[0-9][0-9][0-9]"],
        ["gpt-2"] = [Gpt2],
        ["mpt"] = [Gpt2],
        ["olmo"] = [Gpt2],
        ["jais"] = [Gpt2],
        ["phi-2"] = [Gpt2],
        ["exaone4"] = [Gpt2],
        ["trillion"] = [Gpt2],
        ["granite-docling"] = [Gpt2],
        ["smollm"] = [@"\p{N}", Gpt2],
        ["starcoder"] = [@"\p{N}", Gpt2],
        ["refact"] = [@"\p{N}", Gpt2],
        ["command-r"] = [@"\p{N}", Gpt2],
        ["codeshell"] = [@"\p{N}", Gpt2],
        ["exaone"] = [@"\p{N}", Gpt2],
        ["minerva-7b"] = [@"\p{N}", Gpt2],
        ["llama-bpe"] = [Llama3],
        ["llama3"] = [Llama3],
        ["llama-v3"] = [Llama3],
        ["falcon3"] = [Llama3],
        ["falcon-h1"] = [Llama3],
        ["pixtral"] = [Llama3],
        ["lfm2"] = [Llama3],
        ["dbrx"] = [Llama3],
        ["smaug-bpe"] = [Llama3],
        ["chatglm-bpe"] = [Llama3],
        ["glm4"] = [Llama3],
        ["qwen2"] = [Qwen2],
        ["deepseek-r1-qwen"] = [Qwen2],
        ["megrez"] = [Qwen2],
        ["stablelm2"] = [Qwen2],
        ["hunyuan"] = [Qwen2],
        ["grok-2"] = [Qwen2],
        ["qwen35"] = [Qwen35],
        ["bailingmoe"] = [BailingMoe],
        ["seed-coder"] = [SeedCoder],
        ["gpt-4o"] = [Gpt4o],
        ["llama4"] = [Gpt4o],
        ["minimax-m2"] = [Gpt4o],
        ["tekken"] = [Tekken],
        ["kimi-k2"] = [Kimi],
        ["deepseek-llm"] = ["[\r\n]", DeepSeekLetters, @"\s?[!-/:-~！-／：-～‘-‟　-。]+", @"\s+$", Cjk, @"\p{N}+"],
        ["deepseek-coder"] = ["[\r\n]", @"\s?\p{L}+", @"\s?\p{P}+", Cjk, @"\p{N}"],
        ["deepseek-v3"] = [@"\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+", DeepSeekV3],
        ["hunyuan-dense"] = [@"\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+", DeepSeekV3],
        ["falcon"] = [@"[\p{P}\$\+<=>\^~\|`]+", Gpt2, "[0-9][0-9][0-9]"],
    };

    private static readonly HashSet<string> WholeWords =
        new(["llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "lfm2", "tekken"], StringComparer.Ordinal);

    /// <summary>The steps of a named pre-tokenizer, and two defaults that go with its name.</summary>
    internal sealed record Published(IReadOnlyList<IPreTokenizer> Steps, bool TakesWholeWords, bool AddsBos);

    /// <exception cref="NotSupportedException">The name is not known.</exception>
    public static Published Find(string? name)
    {
        name ??= "default";
        if (!Expressions.TryGetValue(name, out var expressions))
            throw new NotSupportedException($"GGUF pre-tokenizer '{name}' is not known; its words would be cut wrongly.");
        var steps = expressions.Select(expression => new SplitPreTokenizer(new CodePointRegex(expression), SplitBehavior.Isolated, invert: false));
        return new Published([.. steps], WholeWords.Contains(name), WholeWords.Contains(name));
    }
}
