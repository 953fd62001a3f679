namespace Hearth.Inference.Tests;

public sealed class DrafterTests
{
    [Theory, InlineData(2), InlineData(3), InlineData(10)]
    public void The_longest_ending_that_was_there_before_is_found(int alphabet)
    {
        var random = new Rng((ulong)alphabet);
        for (int round = 0; round < 10; round++)
        {
            var automaton = new SuffixAutomaton();
            var tokens = new List<int>();
            for (int i = 0; i < 100; i++)
            {
                // Copies of what was there, so that long matches happen.
                int token = i > 10 && random.Below(4) > 0 ? tokens[i - 7] : random.Below(alphabet);
                tokens.Add(token);
                automaton.Add(token);
                Assert.Equal(LongestRepeatedEnding(tokens), automaton.MatchLength);
                if (automaton.MatchLength == 0) continue;
                Assert.InRange(automaton.MatchEnd, automaton.MatchLength, i);
                Assert.Equal(tokens.TakeLast(automaton.MatchLength), tokens.Take(automaton.MatchEnd).TakeLast(automaton.MatchLength));
            }
        }
    }

    [Fact]
    public void Repetitions_are_continued()
    {
        Assert.Equal([4, 5, 1], Propose(new NgramDrafter(), [1, 2, 3, 4, 5, 1, 2, 3], 3));
        Assert.Empty(Propose(new NgramDrafter(), [1, 2, 3, 4, 5, 2, 3], 3)); // two tokens say little
        Assert.Equal([4, 5], Propose(new NgramDrafter(2), [1, 2, 3, 4, 5, 2, 3], 2));
    }

    [Fact]
    public void A_cycle_is_continued_beyond_the_end() =>
        Assert.Equal([7, 8, 7, 8, 7], Propose(new NgramDrafter(), [7, 8, 7, 8, 7, 8], 5));

    [Fact]
    public void A_prediction_is_followed_from_its_beginning()
    {
        var drafter = new PredictionDrafter([5, 6, 7, 8], promptTokens: 2);
        Assert.Equal([5, 6, 7], Propose(drafter, [1, 2], 3));
        Assert.Equal([6, 7, 8], Propose(drafter, [1, 2, 5], 9));
        Assert.Empty(Propose(drafter, [1, 2, 5, 6, 7, 8], 9));
    }

    [Fact]
    public void A_replaced_token_is_stepped_over()
    {
        var drafter = new PredictionDrafter([5, 6, 7, 8, 9], promptTokens: 0);
        Assert.Equal([7], Propose(drafter, [5, 1], 4)); // a bold guess is short
        Assert.Equal([8, 9], Propose(drafter, [5, 1, 7], 4));
    }

    [Fact]
    public void A_lost_place_is_found_again_by_two_tokens_ahead_first()
    {
        int[] prediction = [5, 6, 7, 8, 5, 6, 9];
        var drafter = new PredictionDrafter(prediction, promptTokens: 0);
        Assert.Empty(Propose(drafter, [5, 6, 1, 2], 4)); // two tokens were inserted
        Assert.Equal([8, 5], Propose(drafter, [5, 6, 1, 2, 6, 7], 2));
        Assert.Equal([9], Propose(drafter, [5, 6, 1, 2, 6, 7, 5, 6], 2)); // [8] was left out: ahead, not the first one
    }

    [Fact]
    public void The_prompt_is_no_part_of_the_answer() =>
        Assert.Equal([3, 4], Propose(new PredictionDrafter([3, 4], promptTokens: 3), [1, 3, 4], 4));

    [Fact]
    public void Drafts_double_while_they_are_right_and_pause_when_they_are_wrong()
    {
        var length = new DraftLength(16);
        Assert.Equal(4, length.At(10));
        length.Learn(4, 4, 15);
        Assert.Equal(8, length.At(15));
        length.Learn(8, 2, 18);
        Assert.Equal(3, length.At(18));
        int pauses = 0;
        for (int total = 19; total < 1019; total++)
        {
            if (length.At(total) == 0) pauses++;
            else length.Learn(1, 0, total + 1);
        }
        Assert.InRange(1000 - pauses, 2, 8);
    }

    [Fact]
    public void Drafts_are_never_longer_than_asked_for()
    {
        var length = new DraftLength(3);
        Assert.Equal(3, length.At(0));
        length.Learn(3, 3, 4);
        Assert.Equal(3, length.At(4));
    }

    private static int LongestRepeatedEnding(List<int> tokens)
    {
        ReadOnlySpan<int> all = tokens.ToArray();
        int longest = 0;
        for (int end = 1; end < all.Length; end++)
        {
            int length = 0;
            while (length < end && all[end - 1 - length] == all[^(1 + length)]) length++;
            longest = Math.Max(longest, length);
        }
        return longest;
    }

    private static int[] Propose(IDrafter drafter, int[] tokens, int most)
    {
        var drafts = new int[most];
        return drafts[..drafter.Propose(tokens, drafts)];
    }
}
