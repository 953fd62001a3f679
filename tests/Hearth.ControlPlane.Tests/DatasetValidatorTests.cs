using System.Text;
using Xunit;

namespace Hearth.ControlPlane.Tests;

/// <summary>Which rows are good, and what is said about the others.</summary>
public sealed class DatasetValidatorTests
{
    private const string Good = """{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}""";

    [Theory]
    [InlineData("""{"messages":[{"role":"system","content":"s"},{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}""")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"text","text":"q"}]},{"role":"assistant","content":"a","weight":0}]}""")]
    [InlineData("""{"messages":[{"role":"user","content":"q"},{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":"{}"}}]},{"role":"tool","content":"r"}],"tools":[{"anything":1}]}""")]
    [InlineData("""{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":null,"tool_calls":[]}],"weight":0.5}""")]
    [InlineData("""{"messages":[{"role":"user","content":"q"}],"ground_truth":"RFT rows have no answer"}""")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}]},{"role":"assistant","content":"a"}]}""")]
    [InlineData("""{"prompt":"p","completion":"c"}""")]
    [InlineData("""{"input":{"messages":[]},"preferred_output":[],"non_preferred_output":[]}""")]
    [InlineData("""{"samples":[]}""")]
    public void A_good_row_is_taken(string row) => Assert.Empty(Check(Good, Good, row).Faults);

    [Theory]
    [InlineData("{\"messages\":", "invalid JSON on line 3")]
    [InlineData("[]", "a row must be a JSON object, not an empty list")]
    [InlineData("{}", "missing required field messages")]
    [InlineData("""{"messages":{}}""", "messages must be a non-empty list, not an object")]
    [InlineData("""{"messages":[]}""", "messages must be a non-empty list, not an empty list")]
    [InlineData("""{"messages":["x"]}""", "message 0 must be an object, not a string")]
    [InlineData("""{"messages":[{"content":"x"}]}""", "message 0 has no role")]
    [InlineData("""{"messages":[{"role":"bananas","content":"x"}]}""", "invalid role bananas in message 0, must be 'system', 'user', 'assistant' or 'tool'")]
    [InlineData("""{"messages":[{"role":"user","content":"x"},{"role":"system","content":"x"}]}""", "message 1 is a system message, which may only come first")]
    [InlineData("""{"messages":[{"role":"user"}]}""", "message 0 has no content")]
    [InlineData("""{"messages":[{"role":"user","content":7}]}""", "the content of message 0 must be a string or a list of parts, not a number")]
    [InlineData("""{"messages":[{"role":"assistant","content":"x","weight":2}]}""", "the weight of message 0 must be 0 or 1")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"http://x/y.png"}}]}]}""", "an image of message 0 is not a data URI")]
    [InlineData("""{"chosen":[],"rejected":[]}""", "rows of chosen and rejected are not taken as they are")]
    [InlineData("""{"prompt":1,"completion":"c"}""", "prompt and completion must be strings")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"weight":"much"}""", "the row's weight must be a number of 0 or more")]
    public void A_bad_row_is_reported_with_line_offset_rule_and_remedy(string row, string rule)
    {
        var fault = Assert.Single(Check(Good, Good, row, Good).Faults);
        Assert.Equal((3, 2L * (Good.Length + 1)), (fault.Line, fault.Offset));
        Assert.StartsWith(rule, fault.Rule);
        Assert.NotEmpty(fault.Remedy);
    }

    [Fact]
    public void Line_ends_blank_lines_and_a_byte_order_mark_do_not_matter()
    {
        var report = Validate("\uFEFF" + Good + "\r\n\r\n" + Good + "\n  \n" + Good);
        Assert.Equal((3, 0), (report.Rows, report.FaultCount));
    }

    [Fact]
    public void Bytes_that_are_not_utf8_are_a_fault()
    {
        byte[] bytes = [.. Encoding.UTF8.GetBytes($"{Good}\n{Good}\n{Good}\n\""), 0xC3, 0x28, (byte)'"', (byte)'\n'];
        var report = DatasetValidator.Validate(new MemoryStream(bytes), "f", default);
        Assert.Equal((4L, "the line is not valid UTF-8"), (Assert.Single(report.Faults).Line, report.Faults[0].Rule));
    }

    [Fact]
    public void Fewer_than_three_rows_are_a_fault()
    {
        Assert.Contains("at least 3 are needed", Assert.Single(Check(Good, Good).Faults).Rule);
        Assert.Contains("has 0 rows", Assert.Single(Validate("").Faults).Rule);
    }

    [Fact]
    public void Totals_count_rows_turns_and_what_can_be_trained()
    {
        const string masked = """{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a","weight":0},{"role":"user","content":"r"}]}""";
        var report = Check(Good, masked, Good, masked);
        Assert.Equal((4, 2, 1.5, "CHAT"), (report.Rows, report.TrainableRows, report.AverageTurns, report.Format));
        Assert.Equal(2L * (Good.Length + masked.Length) / 4, report.EstimatedTokens);
    }

    [Fact]
    public void Lines_longer_than_the_buffer_are_read_whole()
    {
        var lines = new[] { 10, 70_000, 100, 400_000, 65_536 }.Select(length => Good.Replace("\"q\"", $"\"{new string('q', length)}\"")).ToList();
        var report = Check([.. lines]);
        Assert.Equal((5, 0, lines.Sum(line => line.Length + 1L)), (report.Rows, report.FaultCount, report.Bytes));
    }

    [Fact]
    public void A_file_of_many_faults_counts_them_all_and_keeps_the_first()
    {
        var report = Validate(string.Concat(Enumerable.Repeat("x\n", DatasetReport.MaxFaultsKept + 5)));
        Assert.Equal((DatasetReport.MaxFaultsKept + 5, DatasetReport.MaxFaultsKept), (report.FaultCount, report.Faults.Count));
    }

    private static DatasetReport Check(params string[] rows) => Validate(string.Concat(rows.Select(row => row + "\n")));

    private static DatasetReport Validate(string file) => DatasetValidator.Validate(new MemoryStream(Encoding.UTF8.GetBytes(file)), "rows.jsonl", default);
}
