using System.Text;
using Xunit;

namespace Hearth.ControlPlane.Tests;

/// <summary>What the report of a whole file says.</summary>
public sealed class DatasetValidatorTests
{
    private const string Good = RowCheck.Good;

    [Theory]
    [InlineData("{\"messages\":", "invalid JSON on line 3")]
    [InlineData("{} {}", "invalid JSON on line 3")]
    [InlineData("""{"messages":[],"messages":[]}""", "invalid JSON on line 3, byte 28 of the line: the key \"messages\" stands twice in one object")]
    [InlineData("""{"messages":[{"role":"user","content":"\ud800"}]}""", "invalid JSON on line 3, byte 38 of the line: a string holds half of a surrogate pair")]
    [InlineData("""{"messages":[]}""", "messages must be a non-empty list, not an empty list")]
    [InlineData("""{"prompt":"p","completion":"c"}""", "the row is of format completion, but line 1 makes this a chat file")]
    [InlineData("""{"custom_id":"1","body":{}}""", "the row is of format batch, but line 1 makes this a chat file")]
    [InlineData("""{"messages":[{"role":"user","content":"q"}],"weight":1}""", "the row has a weight, but line 1 has none")]
    public void A_bad_row_is_reported_with_line_offset_rule_and_remedy(string row, string rule)
    {
        var fault = Assert.Single(Check(Good, Good, row, Good).Faults);
        Assert.Equal((3, 2L * (Good.Length + 1)), (fault.Line, fault.Offset));
        Assert.StartsWith(rule, fault.Rule);
        Assert.NotEmpty(fault.Remedy);
    }

    [Fact]
    public void The_first_good_row_decides_what_the_file_holds()
    {
        const string completion = """{"prompt":"p","completion":"c","weight":2}""", plain = """{"prompt":"p","completion":"c"}""";
        var report = Check("{}", completion, Good, completion, plain);
        Assert.Equal(("completion", "COMPLETION", 2L), (report.HearthFormat, report.Format, report.Rows));
        Assert.Equal([1L, 3L, 5L], report.Faults.Select(fault => fault.Line));
        Assert.Equal("the row has no weight, but line 2 has one", report.Faults[2].Rule);
        Assert.Equal("the row is of format chat, but preference was asked for", Text(Good, RowFormat.Preference).Faults[0].Rule);
    }

    [Fact]
    public void An_id_that_stands_twice_is_told_with_the_line_that_had_it()
    {
        static string Row(string id) => $$$"""{"custom_id":"{{{id}}}","body":{"messages":[{"role":"user","content":"q"}]}}""";
        var report = Check([.. Enumerable.Range(0, 20_000).Select(i => Row($"{i}")), "{}", Row("7"), Row("x"), Row("\\u0037")]);
        Assert.Equal([(20_001L, "custom_id must be a string that is not empty"), (20_002L, "its custom_id is also that of line 8"), (20_004L, "its custom_id is also that of line 8")],
            report.Faults.Select(fault => (fault.Line, fault.Rule)));
        Assert.Equal((20_001L, "batch"), (report.Rows, report.HearthFormat));
        Assert.Equal((20_001L, 1.0, 20_001L, 20_001L), (report.Turns, report.AverageTurns, report.RowBytes.Count, report.Features.Prompts));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Any_number_of_threads_gives_the_same_report(int threads)
    {
        var text = new StringBuilder();
        for (var i = 0; i < 30_000; i++) text.Append(i % 977 == 5 ? "{}" : Good.Replace("q", new string('q', i % 100))).Append(i % 13 == 0 ? "\r\n\n" : "\n");
        var expected = Text(text.ToString(), RowFormat.Unknown, 1);
        var report = Text(text.ToString(), RowFormat.Unknown, threads);
        Assert.Equal(31, report.FaultCount);
        Assert.Equal(System.Text.Json.JsonSerializer.Serialize(expected), System.Text.Json.JsonSerializer.Serialize(report));
    }

    [Fact]
    public void The_index_tells_where_every_1024th_row_begins()
    {
        var text = string.Concat(Enumerable.Range(0, 5000).Select(i => Good.Replace("q", $"{i}") + "\n" + (i % 7 == 0 ? "\n" : "")));
        var index = Text(text, RowFormat.Unknown).Index;
        Assert.Equal(5, index.Offsets.Count);
        for (var i = 0; i < 5; i++)
        {
            Assert.Contains($"\"content\":\"{i * RowIndex.Every}\"", text[(int)index.Offsets[i]..].Split('\n')[0]);
            Assert.Equal(text[..(int)index.Offsets[i]].Count(letter => letter == '\n') + 1, index.Lines[i]);
        }
    }

    [Fact]
    public void Features_and_lengths_are_counted_by_row()
    {
        var thinking = """{"messages":[{"role":"user","content":"q"},{"role":"assistant","reasoning_content":"t","content":"a","weight":0}]}""";
        var prompt = """{"messages":[{"role":"user","content":"q"}],"ground_truth":1,"tools":[{}]}""";
        var report = Check(Good, thinking, prompt, prompt);
        Assert.Equal(new FeatureRows { Tools = 2, Thinking = 1, MessageWeights = 1, Prompts = 2, GroundTruth = 2 }, report.Features);
        Assert.Equal((4, thinking.Length, prompt.Length), (report.RowBytes.Count, report.RowBytes.Max, report.RowBytes.Min));
        Assert.Equal([new LengthBucket(128, 4)], report.RowBytes.Buckets);
        Assert.Equal(["2 of 4 rows end before an answer, the first one on line 3.", "3 of 4 rows have nothing to train on: no answer of the assistant with a weight above 0."], report.Warnings);
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
    public void A_line_longer_than_64_MB_ends_the_reading_and_one_of_64_MB_does_not()
    {
        static byte[] File(int lineBytes) =>
            [.. Encoding.UTF8.GetBytes($"{Good}\n{Good}\n\""), .. Enumerable.Repeat((byte)'x', lineBytes - 2), .. Encoding.UTF8.GetBytes($"\"\n{Good}\n")];
        var report = DatasetValidator.Validate(new MemoryStream(File(DatasetValidator.MaxLineBytes)), "f", default);
        Assert.Equal((3, "a row must be a JSON object, not a string"), (report.Rows, Assert.Single(report.Faults).Rule));
        report = DatasetValidator.Validate(new MemoryStream(File(DatasetValidator.MaxLineBytes + 1)), "f", default);
        Assert.Equal((2, 3L, "the line is longer than 64 MB"), (report.Rows, Assert.Single(report.Faults).Line, report.Faults[0].Rule));
    }

    [Fact, Trait("Category", "Long")]
    public void More_than_three_million_rows_are_too_many()
    {
        var row = Encoding.UTF8.GetBytes("""{"prompt":"p","completion":"c"}""" + "\n");
        Assert.Empty(DatasetValidator.Validate(new RepeatedStream(row, DatasetValidator.MaxRows), "f", default).Faults);
        var report = DatasetValidator.Validate(new RepeatedStream(row, DatasetValidator.MaxRows + 100_000), "f", default);
        Assert.Equal("the file has more than 3,000,000 rows", Assert.Single(report.Faults).Rule);
    }

    [Fact]
    public void Rows_of_very_many_values_and_of_very_deep_ones_are_refused()
    {
        var many = $"{{\"x\":[{string.Join(',', Enumerable.Repeat("0", RowJson.MaxValues))}]}}";
        var deep = new string('[', RowJson.MaxDepth + 1) + new string(']', RowJson.MaxDepth + 1);
        var report = Check(Good, many, deep, Good);
        Assert.Equal([2L, 3L], report.Faults.Select(fault => fault.Line));
        Assert.Contains("more than 1,048,576 values", report.Faults[0].Rule);
        Assert.Contains("depth", report.Faults[1].Rule);
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

    private static DatasetReport Check(params string[] rows) => RowCheck.File(rows);

    private static DatasetReport Validate(string file) => RowCheck.Text(file);

    private static DatasetReport Text(string file, RowFormat format, int threads = 2) => RowCheck.Text(file, new() { FileName = "rows.jsonl", Format = format, Threads = threads });

    /// <summary>The same bytes again and again.</summary>
    private sealed class RepeatedStream(byte[] bytes, long times) : Stream
    {
        private long _at;

        public override int Read(byte[] buffer, int offset, int count)
        {
            var read = (int)Math.Min(count, (bytes.Length * times) - _at);
            for (var i = 0; i < read; i++) buffer[offset + i] = bytes[(_at + i) % bytes.Length];
            _at += read;
            return read;
        }

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => _at; set => throw new NotSupportedException(); }
        public override void Flush() => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
