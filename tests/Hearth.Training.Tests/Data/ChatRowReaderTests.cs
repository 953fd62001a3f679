using Hearth.Models;
using Hearth.TestKit;
using Xunit;

namespace Hearth.Training.Tests;

/// <summary>Which tokens of which rows are trained, and how much each counts.</summary>
public sealed class ChatRowReaderTests : IDisposable
{
    private const string Answer = """{"role":"user","content":"How many stones?"},{"role":"assistant","content":"Seven."}""";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_row_whose_earlier_thinking_the_template_drops_is_unrolled_to_one_example_a_turn()
    {
        const string row = """{"messages":[{"role":"user","content":"One?"},{"role":"assistant","reasoning_content":"first","content":"1"},{"role":"user","content":"Two?"},{"role":"assistant","reasoning_content":"second","content":"2"}]}""";
        var rows = Read(MaskingModel.Create(_folder.Path, "tokenizer-strip-thinking"), row);
        Assert.Equal([1, 1], rows.Select(example => example.SourceLine));
        var texts = rows.Select(Trained).ToList();
        Assert.Equal(["<think>\nfirst\n</think>\n\n1<|im_end|>", "<think>\nsecond\n</think>\n\n2<|im_end|>"], texts);
        Assert.DoesNotContain("first", Text(rows[1]));
    }

    [Fact]
    public void A_rows_weight_multiplies_its_loss_and_0_leaves_it_out()
    {
        var rows = Read(MaskingModel.Create(_folder.Path, "tokenizer"), $$"""{"messages":[{{Answer}}],"weight":0.25}""", $$"""{"messages":[{{Answer}}],"weight":0}""");
        var row = Assert.Single(rows);
        Assert.Equal([0f, 0.25f], row.LossWeights.Distinct().Order());
        Assert.Equal(0.25 * row.TrainedTokens, row.LossWeight);
    }

    [Fact]
    public void Completions_are_trained_as_they_stand()
    {
        var rows = Read(Path.Combine(FixtureFolder.RepositoryRoot, "models", "hearth-tiny"), """{"prompt":"Tom has ","completion":"12 apples"}""");
        using var files = ModelFiles.Open(Path.Combine(FixtureFolder.RepositoryRoot, "models", "hearth-tiny"));
        var trained = rows[0].TokenIds.Where((_, i) => rows[0].LossWeights[i] != 0).ToArray();
        Assert.Equal("12 apples", ModelText.Load(files).Tokenizer.Decode(trained[..^1]));
        Assert.Equal(files.Configuration.EosTokenIds[0], trained[^1]);
    }

    [Theory]
    [InlineData("""{"messages":[{"role":"user","content":"x"}]}""", "nothing can be trained")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]},{"role":"assistant","content":"a"}]}""", "reads text only")]
    [InlineData("""{"messages":[{"role":"user","role":"user","content":"x"}]}""", "not valid")]
    public void Rows_that_cannot_be_trained_are_refused_with_their_lines(string row, string reason)
    {
        var fault = Assert.Throws<TrainingException>(() => Read(MaskingModel.Create(_folder.Path, "tokenizer"), $$"""{"messages":[{{Answer}}]}""", row));
        Assert.Contains("line 2: ", fault.Message);
        Assert.Contains(reason, fault.Message);
    }

    private string? _model;

    private IReadOnlyList<TokenizedRow> Read(string model, params string[] rows)
    {
        var file = Path.Combine(_folder.Path, "rows.jsonl");
        File.WriteAllLines(file, rows);
        using var files = ModelFiles.Open(_model = model);
        return ChatRowReader.For(files, null, 256).ReadFile(file);
    }

    private string Trained(TokenizedRow row) => Decode([.. row.TokenIds.Where((_, i) => row.LossWeights[i] != 0)]);

    private string Text(TokenizedRow row) => Decode(row.TokenIds);

    private string Decode(int[] ids)
    {
        using var files = ModelFiles.Open(_model!);
        return ModelText.Load(files).Tokenizer.Decode(ids);
    }
}
