using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Hearth.Benchmarks;

/// <summary>One measured cell; a ratio above 1 means that ours is better.</summary>
internal sealed record Cell(string Name, double Ours, double Peer, double Ratio, string Unit, string PeerName, CellGoal? Goal = null);

/// <summary>What a cell should reach: a ratio to the peer and, where there is one, a share of a limit measured in the same run.</summary>
internal sealed record CellGoal(double Ratio, double? Share = null, double? ShareGoal = null, string Limit = "")
{
    public bool IsMet(double ratio) => ratio >= Ratio && (ShareGoal is null || Share >= ShareGoal);
}

/// <summary>Collects the cells of a benchmark, prints them, and keeps them in bench/results.</summary>
internal sealed class Report(string benchmark, bool json, string? only, IReadOnlyCollection<string>? cells = null)
{
    private readonly List<Cell> _cells = [];
    private readonly List<string> _notes = [];

    /// <summary>Whether a cell was asked for.</summary>
    public bool Wants(string cell) => (only == null || cell.Contains(only, StringComparison.Ordinal)) && (IsWhole || cells!.Contains(cell));

    private bool IsWhole => cells is null or { Count: 0 };

    public void Note(string text)
    {
        _notes.Add(text);
        (json ? Console.Error : Console.Out).WriteLine(text);
    }

    /// <summary>Adds a cell whose figures are rates: more is better.</summary>
    public void AddRate(string name, double ours, double peer, string unit, string peerName, CellGoal? goal = null) =>
        Add(new(name, Round(ours), Round(peer), Round(ours / peer), unit, peerName, goal));

    /// <summary>Adds a cell whose figures are times: less is better.</summary>
    public void AddTime(string name, double ours, double peer, string unit, string peerName, CellGoal? goal = null) =>
        Add(new(name, Round(ours), Round(peer), Round(peer / ours), unit, peerName, goal));

    private void Add(Cell cell)
    {
        _cells.Add(cell);
        Console.WriteLine(json ? JsonLine(cell) : Line(cell));
    }

    /// <summary>Writes bench/results/NAME.json, a cell a line, and NAME.md.</summary>
    public void Save()
    {
        string? root = Environment.GetEnvironmentVariable("HEARTH_BENCH_ROOT");
        if (string.IsNullOrEmpty(root) || _cells.Count == 0 || only != null || !IsWhole) return; // a part does not replace a whole result
        string folder = Path.Combine(root, "results");
        Directory.CreateDirectory(folder);
        File.WriteAllLines(Path.Combine(folder, benchmark + ".json"), _cells.Select(JsonLine));
        var text = new StringBuilder($"# bench/run {benchmark}\n\n");
        foreach (string note in _notes) text.Append("- ").Append(note).Append('\n');
        bool goals = _cells.Any(cell => cell.Goal != null);
        text.Append("\n| cell | ours | peer | ratio | unit | peer is |" + (goals ? " goal |\n|---|---:|---:|---:|---|---|---|\n" : "\n|---|---:|---:|---:|---|---|\n"));
        foreach (var cell in _cells)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {cell.Name} | {cell.Ours} | {cell.Peer} | {cell.Ratio:F2} | {cell.Unit} | {cell.PeerName} |");
            text.Append(goals ? $" {GoalText(cell)} |\n" : "\n");
        }
        File.WriteAllText(Path.Combine(folder, benchmark + ".md"), text.ToString());
    }

    private static string GoalText(Cell cell)
    {
        if (cell.Goal is not { } goal) return "";
        string share = goal.Share is { } reached ? string.Create(CultureInfo.InvariantCulture, $"; {100 * reached:F0} % {goal.Limit}") : "";
        if (goal.ShareGoal is { } wanted) share += string.Create(CultureInfo.InvariantCulture, $" (goal {100 * wanted:F0} %)");
        return string.Create(CultureInfo.InvariantCulture, $"{(double.IsNaN(cell.Ratio) ? "not compared" : goal.IsMet(cell.Ratio) ? "met" : "missed")}: ratio {goal.Ratio:F2}{share}");
    }

    private static double Round(double value) => value == 0 || !double.IsFinite(value) ? value : Math.Round(value, Math.Max(0, 3 - (int)Math.Floor(Math.Log10(Math.Abs(value)))));

    private static string Line(Cell cell) =>
        string.Create(CultureInfo.InvariantCulture, $"{cell.Name,-34} ours {cell.Ours,9:G6}  peer {cell.Peer,9:G6} {cell.Unit,-9} ratio {cell.Ratio:F3}  {cell.PeerName}{(cell.Goal is null ? "" : "; goal " + GoalText(cell))}");

    private static string JsonLine(Cell cell) => JsonSerializer.Serialize(
        new
        {
            name = cell.Name,
            ours = cell.Ours,
            peer = Finite(cell.Peer),
            ratio = Finite(cell.Ratio),
            unit = cell.Unit,
            peer_name = cell.PeerName,
            goal_ratio = cell.Goal?.Ratio,
            limit_share = cell.Goal?.Share is { } share ? Math.Round(share, 3) : (double?)null,
            goal_share = cell.Goal?.ShareGoal,
            met = cell.Goal?.IsMet(cell.Ratio),
        }, JsonOptions);

    // Without a peer there is no figure.
    private static double? Finite(double value) => double.IsFinite(value) ? value : null;

    private static readonly JsonSerializerOptions JsonOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
    };
}
