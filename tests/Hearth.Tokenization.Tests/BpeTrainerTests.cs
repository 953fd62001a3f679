using System.Text.Json;

namespace Hearth.Tokenization.Tests;

public sealed class BpeTrainerTests
{
    private static readonly string[] Lines =
    [
        "The cat sat on the mat; the cat ate 2024 rats.\n", "That cat that sat there is the cat's cat.\n",
        "On the 12th the other mat was flat. Schöne Grüße, 猫!\n", "the the the cat cat sat\n",
    ];

    [Fact]
    public void Equal_texts_give_equal_bytes() => Assert.Equal(Train(300), Train(300));

    [Fact]
    public void Every_text_comes_back_from_its_ids()
    {
        var tokenizer = Tokenizer.Parse(Train(300));
        foreach (var line in Lines.Append("never seen: 🙂 été\t\0")) Assert.Equal(line, tokenizer.Decode(tokenizer.Encode(line)));
    }

    [Fact]
    public void A_learned_word_is_one_token_and_digits_stand_alone()
    {
        var tokenizer = Tokenizer.Parse(Train(300));
        Assert.Equal(["Ġcat", "Ġ", "2", "0", "2", "4"], tokenizer.Encode(" cat 2024").Select(tokenizer.TokenText));
    }

    [Fact]
    public void No_token_holds_two_words_or_two_digits()
    {
        var tokenizer = Tokenizer.Parse(Train(400));
        for (var id = 3; id < tokenizer.IdLimit; id++)
        {
            var text = tokenizer.TokenText(id)!;
            Assert.True(text.LastIndexOf('Ġ') <= 0, text);
            Assert.True(text.Count(char.IsDigit) <= 1 && (text.Length == 1 || !text.Any(char.IsDigit)), text);
        }
    }

    [Fact]
    public void The_most_frequent_pair_is_merged_first()
    {
        using var json = JsonDocument.Parse(Train(300));
        // "at" is in cat, sat, mat, That, that, flat, rats: more often than any other pair.
        Assert.Equal("a t", json.RootElement.GetProperty("model").GetProperty("merges")[0].GetString());
    }

    [Fact]
    public void Special_tokens_get_the_first_ids_and_are_recognised()
    {
        var tokenizer = Tokenizer.Parse(Train(300));
        Assert.Equal([1, 2], tokenizer.Encode("<|im_start|><|im_end|>"));
        Assert.Equal("", tokenizer.Decode([1, 2], skipSpecial: true));
        Assert.NotEqual([1], tokenizer.Encode("<|im_start|>", parseSpecial: false));
    }

    [Fact]
    public void Training_stops_when_no_pair_repeats() => Assert.True(Tokenizer.Parse(Train(100_000)).VocabularySize < 400);

    [Fact]
    public void A_vocabulary_without_room_for_the_bytes_is_refused() =>
        Assert.Contains("259", Assert.Throws<ArgumentException>(() => Train(258)).Message, StringComparison.Ordinal);

    private static byte[] Train(int vocabularySize)
    {
        var trainer = new BpeTrainer(new BpeTrainerOptions { VocabularySize = vocabularySize });
        foreach (var line in Lines) trainer.Add(line);
        return trainer.Train();
    }
}
