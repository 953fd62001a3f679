namespace Hearth.Inference.Tests;

public sealed class TextStreamTests
{
    [Fact]
    public void Without_stop_strings_text_passes_at_once() =>
        Assert.Equal(["ab", "", "c", ""], Push([], "ab", null, "c"));

    [Fact]
    public void A_stop_string_ends_the_text_and_is_not_part_of_it()
    {
        var stream = Stream(["END"], "one EN", "D two", "three");
        Assert.Equal("one ", stream.Push(0));
        Assert.Equal("", stream.Push(1));
        Assert.Equal("END", stream.StoppedBy);
        Assert.Equal("", stream.Push(2));
        Assert.Equal("", stream.Finish());
    }

    [Fact]
    public void What_may_begin_a_stop_string_is_held_until_it_is_decided() =>
        Assert.Equal(["a", "<x", "<", "</y", ""], Push(["</s>"], "a<", "x<", "<", "/y"));

    [Fact]
    public void Held_text_is_sent_at_the_end() =>
        Assert.Equal(["a", "</s"], Push(["</s>"], "a</s"));

    [Fact]
    public void The_earliest_of_several_stop_strings_counts()
    {
        var stream = Stream(["yyy", "xx"], "a yyxxyyy");
        Assert.Equal("a yy", stream.Push(0));
        Assert.Equal("xx", stream.StoppedBy);
    }

    [Fact]
    public void Stop_strings_count_from_the_minimum_of_tokens_on()
    {
        string?[] pieces = ["aX", "bX", "c", "Xd"];
        var stream = new TextStream(id => pieces[id], () => null, ["X"], minTokens: 2);
        Assert.Equal(["aX", "bX", "c", ""], Enumerable.Range(0, 4).Select(stream.Push));
        Assert.Equal("X", stream.StoppedBy);
    }

    [Fact]
    public void A_stop_string_may_complete_in_the_flushed_rest()
    {
        var stream = new TextStream(_ => "ab", () => "c", ["bc"]);
        Assert.Equal("a", stream.Push(0));
        Assert.Equal("", stream.Finish());
        Assert.Equal("bc", stream.StoppedBy);
    }

    [Fact]
    public void Any_split_of_a_text_gives_the_same_result()
    {
        const string text = "aabaabaaabaac<aab";
        string[] stops = ["aaab", "abaac"];
        string expected = text[..text.IndexOf("aaab", StringComparison.Ordinal)];
        var random = new Rng(5);
        for (int round = 0; round < 200; round++)
        {
            var pieces = new List<string>();
            for (int at = 0, length; at < text.Length; at += length) pieces.Add(text.Substring(at, length = Math.Min(text.Length - at, 1 + random.Below(4))));
            Assert.Equal(expected, string.Concat(Push(stops, [.. pieces])));
        }
    }

    private static TextStream Stream(string[] stops, params string?[] pieces) => new(id => pieces[id], () => null, stops);

    private static List<string> Push(string[] stops, params string?[] pieces)
    {
        var stream = Stream(stops, pieces);
        var sent = Enumerable.Range(0, pieces.Length).Select(stream.Push).ToList();
        sent.Add(stream.Finish());
        return sent;
    }
}
