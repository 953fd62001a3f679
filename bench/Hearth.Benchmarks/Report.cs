using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Hearth.Benchmarks;

/// <summary>One measured cell; a ratio above 1 means that ours is better.</summary>
internal sealed record Cell(string Name, double Ours, double Peer, double Ratio, string Unit, string PeerName);

/// <summary>Collects the cells of a benchmark, prints them, and keeps them in bench/results.</summary>
internal sealed class Report(string benchmark, bool json, string? only)
{
    private readonly List<Cell> _cells = [];
    private readonly List<string> _notes = [];

    /// <summary>Whether a cell was asked for.</summary>
    public bool Wants(string cell) => only == null || cell.Contains(only, StringComparison.Ordinal);

    public void Note(string text)
    {
        _notes.Add(text);
        (json ? Console.Error : Console.Out).WriteLine(text);
    }

    /// <summary>Adds a cell whose figures are rates: more is better.</summary>
    public void AddRate(string name, double ours, double peer, string unit, string peerName) => Add(new(name, Round(ours), Round(peer), Round(ours / peer), unit, peerName));

    /// <summary>Adds a cell whose figures are times: less is better.</summary>
    public void AddTime(string name, double ours, double peer, string unit, string peerName) => Add(new(name, Round(ours), Round(peer), Round(peer / ours), unit, peerName));

    private void Add(Cell cell)
    {
        _cells.Add(cell);
        Console.WriteLine(json ? JsonLine(cell) : Line(cell));
    }

    /// <summary>Writes bench/results/NAME.json, a cell a line, and NAME.md.</summary>
    public void Save()
    {
        string? root = Environment.GetEnvironmentVariable("HEARTH_BENCH_ROOT");
        if (string.IsNullOrEmpty(root) || _cells.Count == 0 || only != null) return; // a part does not replace a whole result
        string folder = Path.Combine(root, "results");
        Directory.CreateDirectory(folder);
        File.WriteAllLines(Path.Combine(folder, benchmark + ".json"), _cells.Select(JsonLine));
        var text = new StringBuilder($"# bench/run {benchmark}\n\n");
        foreach (string note in _notes) text.Append("- ").Append(note).Append('\n');
        text.Append("\n| cell | ours | peer | ratio | unit | peer is |\n|---|---:|---:|---:|---|---|\n");
        foreach (var cell in _cells)
            text.Append(CultureInfo.InvariantCulture, $"| {cell.Name} | {cell.Ours} | {cell.Peer} | {cell.Ratio:F2} | {cell.Unit} | {cell.PeerName} |\n");
        File.WriteAllText(Path.Combine(folder, benchmark + ".md"), text.ToString());
    }

    private static double Round(double value) => value == 0 ? 0 : Math.Round(value, Math.Max(0, 3 - (int)Math.Floor(Math.Log10(Math.Abs(value)))));

    private static string Line(Cell cell) =>
        string.Create(CultureInfo.InvariantCulture, $"{cell.Name,-34} ours {cell.Ours,9:G6}  peer {cell.Peer,9:G6} {cell.Unit,-9} ratio {cell.Ratio:F3}  {cell.PeerName}");

    private static string JsonLine(Cell cell) => JsonSerializer.Serialize(
        new { name = cell.Name, ours = cell.Ours, peer = cell.Peer, ratio = cell.Ratio, unit = cell.Unit, peer_name = cell.PeerName }, JsonOptions);

    private static readonly JsonSerializerOptions JsonOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
