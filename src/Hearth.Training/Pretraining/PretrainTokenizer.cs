using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Hearth.Tokenization;

namespace Hearth.Training;

/// <summary>
/// Tokenizer and chat template of a model that Hearth pre-trains: byte-level BPE learned from the curriculum, digits alone, and one special token for each role, so
/// that a turn costs two tokens beside its text.
/// </summary>
public static class PretrainTokenizer
{
    /// <summary>Fills unused places; never trained.</summary>
    public const string PadToken = "<|pad|>";
    /// <summary>Ends every turn.</summary>
    public const string EndToken = "<|end|>";

    private static readonly string[] SpecialTokens = [PadToken, EndToken, "<|system|>", "<|user|>", "<|assistant|>"];

    /// <summary>A turn is its role's token, the text, the end token. The generation block marks what fine-tuning trains.</summary>
    public const string ChatTemplate =
        "{% for message in messages %}" +
        "{% if message['role'] not in ['system', 'user', 'assistant'] %}{{ raise_exception('Role ' + message['role'] + ' is not known to this model; use system, user or assistant.') }}{% endif %}" +
        "{{ '<|' + message['role'] + '|>' }}" +
        "{% if message['role'] == 'assistant' %}{% generation %}{{ message['content'] + '<|end|>' }}{% endgeneration %}" +
        "{% else %}{{ message['content'] + '<|end|>' }}{% endif %}" +
        "{% endfor %}" +
        "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}";

    /// <summary>Loads the tokenizer of <paramref name="folder"/>, or learns it from the curriculum and writes its files and config.json there.</summary>
    public static Tokenizer CreateOrLoad(Curriculum curriculum, PretrainOptions options, string folder)
    {
        string path = Path.Combine(folder, "tokenizer.json");
        if (File.Exists(path)) return Tokenizer.Load(path);
        var trainer = new BpeTrainer(new BpeTrainerOptions { VocabularySize = options.VocabularySize, SpecialTokens = SpecialTokens });
        for (long row = 0; row < options.TokenizerRows; row++)
            foreach (var turn in curriculum.Row(row).Turns) trainer.Add(turn.Content);
        byte[] json = trainer.Train();
        var tokenizer = Tokenizer.Parse(json);
        Directory.CreateDirectory(folder);
        WriteJson(folder, "config.json", PretrainModel.ConfigJson(options, tokenizer));
        WriteJson(folder, "tokenizer_config.json", TokenizerConfig(options));
        WriteJson(folder, "generation_config.json", new JsonObject { ["eos_token_id"] = tokenizer.TokenId(EndToken), ["pad_token_id"] = tokenizer.TokenId(PadToken), ["temperature"] = 0.0 });
        File.WriteAllBytes(path, json); // last: its presence says that the folder is whole
        return tokenizer;
    }

    /// <summary>Tokens and loss weights of a row: what the assistant says counts 1, the rest <paramref name="promptWeight"/>. Equals the chat template's rendering.</summary>
    public static TokenizedRow Render(Tokenizer tokenizer, ChatExample row, float promptWeight)
    {
        var ids = new List<int>();
        var weights = new List<float>();
        int end = Id(tokenizer, EndToken);
        foreach (var turn in row.Turns)
        {
            float weight = turn.Role == "assistant" ? 1f : promptWeight;
            ids.Add(Id(tokenizer, $"<|{turn.Role}|>"));
            weights.Add(promptWeight);
            foreach (int id in tokenizer.Encode(turn.Content, parseSpecial: false))
            {
                ids.Add(id);
                weights.Add(weight);
            }
            ids.Add(end);
            weights.Add(weight);
        }
        return new TokenizedRow([.. ids], [.. weights], 0);
    }

    private static int Id(Tokenizer tokenizer, string token) =>
        tokenizer.TokenId(token) ?? throw new InvalidDataException($"The tokenizer has no token '{token}'.");

    private static JsonObject TokenizerConfig(PretrainOptions options) => new()
    {
        ["tokenizer_class"] = "PreTrainedTokenizerFast",
        ["clean_up_tokenization_spaces"] = false,
        ["eos_token"] = EndToken,
        ["pad_token"] = PadToken,
        ["model_max_length"] = options.ContextLength,
        ["chat_template"] = ChatTemplate,
    };

    private static void WriteJson(string folder, string name, JsonObject json)
    {
        var options = new JsonSerializerOptions { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        File.WriteAllText(Path.Combine(folder, name), json.ToJsonString(options) + "\n", new UTF8Encoding(false));
    }
}
