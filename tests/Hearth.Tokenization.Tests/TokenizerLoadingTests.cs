using System.Text;

namespace Hearth.Tokenization.Tests;

public sealed class TokenizerLoadingTests
{
    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"model": {"type": "BPE"}}""")]
    [InlineData("""{"model": {"type": "BPE", "vocab": [], "merges": []}}""")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": -1}, "merges": []}}""")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 2000000000}, "merges": []}}""")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": ["a b"]}}""")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a"]}}""")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [["a"]]}}""")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [], "continuing_subword_prefix": 3}}""")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"##": 0, "a": 1}, "merges": ["## a"], "continuing_subword_prefix": "##"}}""")]
    [InlineData("""{"model": {"type": "Unigram", "vocab": [["a", 0]], "unk_id": 7}}""")]
    [InlineData("""{"added_tokens": [{"id": 1, "content": null}], "model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}}""")]
    [InlineData("""{"pre_tokenizer": {"type": "Metaspace", "replacement": ""}, "model": {"type": "BPE", "vocab": {}, "merges": []}}""")]
    [InlineData("""{"normalizer": {"type": "Precompiled", "precompiled_charsmap": "AAAAAA=="}, "model": {"type": "BPE", "vocab": {}, "merges": []}}""")]
    public void A_broken_file_is_refused_as_invalid(string json) =>
        Assert.Throws<InvalidDataException>(() => Tokenizer.Parse(Encoding.UTF8.GetBytes(json)));

    [Theory]
    [InlineData("""{"model": {"type": "Riddle", "vocab": {}}}""", "Riddle")]
    [InlineData("""{"normalizer": {"type": "Riddle"}, "model": {"type": "BPE", "vocab": {}, "merges": []}}""", "Riddle")]
    [InlineData("""{"pre_tokenizer": {"type": "Riddle"}, "model": {"type": "BPE", "vocab": {}, "merges": []}}""", "Riddle")]
    [InlineData("""{"post_processor": {"type": "Riddle"}, "model": {"type": "BPE", "vocab": {}, "merges": []}}""", "Riddle")]
    [InlineData("""{"decoder": {"type": "Riddle"}, "model": {"type": "BPE", "vocab": {}, "merges": []}}""", "Riddle")]
    [InlineData("""{"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "(?<"}, "behavior": "Isolated"}, "model": {"type": "BPE", "vocab": {}, "merges": []}}""", "(?<")]
    public void What_is_not_supported_is_refused_by_name(string json, string name) => Assert.Contains(
        name, Assert.Throws<NotSupportedException>(() => Tokenizer.Parse(Encoding.UTF8.GetBytes(json))).Message, StringComparison.Ordinal);

    [Fact]
    public void An_unknown_pre_tokenizer_of_a_gguf_file_is_refused_by_name()
    {
        var source = new GgmlVocabulary { Model = "gpt2", Tokens = ["a"], Merges = [], Pre = "riddle" };
        Assert.Contains("riddle", Assert.Throws<NotSupportedException>(() => Tokenizer.FromGgml(source)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stream_never_cuts_a_character_and_gives_up_its_rest_at_the_end()
    {
        var tokenizer = Tokenizer.Parse(new BpeTrainer(new BpeTrainerOptions { VocabularySize = 259 }).Train());
        var stream = tokenizer.CreateDecodeStream();
        Assert.Equal([null, null, null, "🙂", "a"], tokenizer.Encode("🙂a").Select(stream.Add));
        Assert.Null(stream.Flush());
        Assert.Null(stream.Add(tokenizer.Encode("é")[0]));
        Assert.Equal("\uFFFD", stream.Flush());
    }

    [Fact]
    public void A_lone_surrogate_is_read_as_the_replacement_character()
    {
        var tokenizer = Tokenizer.Parse(new BpeTrainer(new BpeTrainerOptions { VocabularySize = 259 }).Train());
        Assert.Equal("a\uFFFDb", tokenizer.Decode(tokenizer.Encode("a\uD83Db")));
    }

    [Fact]
    public void Special_tokens_come_from_text_or_object_and_named_templates_are_kept()
    {
        var config = TokenizerConfig.Parse("""
            {"bos_token": "<s>", "eos_token": {"content": "</s>"}, "pad_token": null,
             "chat_template": [{"name": "default", "template": "d"}, {"name": "tool_use", "template": "t"}]}
            """);
        Assert.Equal("<s> </s>", $"{config.SpecialTokens["bos_token"]} {config.SpecialTokens["eos_token"]}");
        Assert.False(config.SpecialTokens.ContainsKey("pad_token"));
        Assert.Equal(("d", "t"), (config.ChatTemplate, config.NamedTemplates["tool_use"]));
    }
}
