using System.Text;
using System.Text.Json;
using Xunit;

namespace Hearth.ControlPlane.Tests;

/// <summary>The table of a line's values against System.Text.Json's document of the same line.</summary>
public sealed class RowJsonTests
{
    [Fact]
    public void Any_value_reads_as_in_a_json_document()
    {
        var json = new RowJson();
        for (var seed = 0; seed < 2000; seed++)
        {
            var random = new Random(seed);
            var line = Value(random, depth: 0);
            using var document = JsonDocument.Parse(line);
            RequireEqual(document.RootElement, json.Parse(Encoding.UTF8.GetBytes(line)), line);
        }
    }

    [Theory]
    [InlineData("""{"a":1,"a":2}""")]
    [InlineData("""{"a":1,"\u0061":2}""")]
    [InlineData("""{"x":{"b":[],"c":{},"b":0}}""")]
    [InlineData("""{"1":0,"2":0,"3":0,"4":0,"5":0,"6":0,"7":0,"8":0,"9":0,"10":0,"11":0,"12":0,"13":0,"1":0}""")]
    public void A_key_that_stands_twice_is_refused(string line) =>
        Assert.Contains("stands twice", Assert.ThrowsAny<JsonException>(() => new RowJson().Parse(Encoding.UTF8.GetBytes(line))).Message);

    [Theory]
    [InlineData("\\ud83d\\ude00", true)]
    [InlineData("x\\uD83D\\uDE00y", true)]
    [InlineData("\\\\ud83d", true)]
    [InlineData("\\ud7ff\\ue000", true)]
    [InlineData("\\ud83d", false)]
    [InlineData("\\ude00", false)]
    [InlineData("\\ud83dx\\ude00", false)]
    [InlineData("\\ud83d\\n\\ude00", false)]
    [InlineData("\\ude00\\ud83d", false)]
    [InlineData("\\\\\\ud83d", false)]
    public void Half_a_surrogate_pair_is_refused(string text, bool isSound)
    {
        var line = Encoding.UTF8.GetBytes($"\"{text}\"");
        if (!isSound) Assert.Contains("surrogate", Assert.ThrowsAny<JsonException>(() => new RowJson().Parse(line)).Message);
        else Assert.Equal(JsonSerializer.Deserialize<string>(line), new RowJson().Parse(line).Text);
    }

    [Fact]
    public void A_good_row_builds_next_to_nothing()
    {
        const int rows = 50_000;
        var file = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, rows).Select(i => RowCheck.Good.Replace("q", $"question {i}\\n") + "\n")));
        var options = new ValidationOptions { Threads = 1 };
        // Code that the JIT has not optimised yet boxes here and there: the least of some runs counts, and the optimiser is given time to get there.
        var least = double.MaxValue;
        for (var run = 0; run < 40 && least >= 64; run++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            Assert.Equal(rows, DatasetValidator.Validate(new MemoryStream(file), options, _ => { }, default).Rows);
            least = Math.Min(least, (GC.GetAllocatedBytesForCurrentThread() - before) / (double)rows);
        }
        Assert.True(least < 64, $"{least:F1} bytes a row");
    }

    [Fact]
    public void Different_ids_have_different_hashes()
    {
        var hashes = new HashSet<ulong>();
        for (var i = 0; i < 50_000; i++)
            foreach (var id in new[] { $"{i}", $"request-{i}", $"{i}-of-a-rather-long-family-of-ids", $"number:{i}" })
                hashes.Add(HashOf(id));
        Assert.Equal(4 * 50_000, hashes.Count);
        Assert.Equal(HashOf("x"), HashOf("\\u0078"));
        Assert.NotEqual(HashOf("x"), HashOf("x\\u0000"));
        Assert.NotEqual(HashOf("12345678"), HashOf("12345678\\u0000\\u0000"));

        static ulong HashOf(string id) => RowCheck.Passes($"{{\"custom_id\":\"{id}\",\"body\":{{\"prompt_token_ids\":[1]}}}}").Id;
    }

    private static void RequireEqual(JsonElement wanted, RowValue value, string line)
    {
        switch (wanted.ValueKind)
        {
            case JsonValueKind.Object:
                Assert.True(value.IsObject, line);
                Assert.Equal(wanted.EnumerateObject().Count(), value.Count);
                foreach (var property in wanted.EnumerateObject())
                {
                    Assert.True(value.TryGet(Encoding.UTF8.GetBytes(property.Name), out var found), line);
                    RequireEqual(property.Value, found, line);
                }
                Assert.False(value.Has("absent"u8));
                break;
            case JsonValueKind.Array:
                Assert.True(value.IsList, line);
                Assert.Equal(wanted.GetArrayLength(), value.Count);
                var index = 0;
                foreach (var item in value.Items) RequireEqual(wanted[index++], item, line);
                Assert.Equal(value.Count, index);
                break;
            case JsonValueKind.String:
                Assert.True(value.IsString, line);
                Assert.Equal(wanted.GetString(), value.Text);
                Assert.True(value.Is(Encoding.UTF8.GetBytes(wanted.GetString()!)));
                break;
            case JsonValueKind.Number:
                Assert.Equal(wanted.GetDouble(), value.Number);
                break;
            default:
                Assert.Equal((wanted.ValueKind == JsonValueKind.True, wanted.ValueKind == JsonValueKind.Null), (value.IsTrue, value.IsNull));
                break;
        }
        if (wanted.ValueKind is JsonValueKind.Object or JsonValueKind.Array) Assert.Equal(wanted.GetRawText(), Encoding.UTF8.GetString(value.Raw));
    }

    private static string Value(Random random, int depth) => random.Next(depth > 4 ? 5 : 7) switch
    {
        0 => random.Next(2) == 0 ? "true" : "false",
        1 => "null",
        2 => FormattableString.Invariant($"{(random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-20, 20)):R}"),
        3 or 4 => Text(random),
        5 => $"[{Blank(random)}{string.Join(",", Enumerable.Range(0, random.Next(5)).Select(_ => Blank(random) + Value(random, depth + 1)))}]",
        _ => $"{{{string.Join(",", Enumerable.Range(0, random.Next(20)).Select(i => $"\"k{i}{(i % 3 == 0 ? "\\u00e9" : "é")}\"{Blank(random)}:{Value(random, depth + 1)}"))}}}",
    };

    private static string Text(Random random)
    {
        string[] pieces = ["a", "ü", "\\n", "\\\"", "\\\\", "\\u0041", "東", "\\ud83d\\ude00", " ", "😀"];
        return $"\"{string.Concat(Enumerable.Range(0, random.Next(6)).Select(_ => pieces[random.Next(pieces.Length)]))}\"";
    }

    private static string Blank(Random random) => random.Next(3) == 0 ? " " : "";
}
