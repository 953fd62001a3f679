using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Hearth.Benchmarks;

/// <summary>One measured cell; a ratio above 1 means that ours is better.</summary>
internal sealed record Cell(string Name, double Ours, double Peer, double Ratio, string Unit, string PeerName, CellGoal? Goal = null);

/// <summary>What a cell should reach: a ratio to the peer and, where there is one, a share of a limit measured in the same run.</summary>
internal sealed record CellGoal(double Ratio, double? Share = null, double? ShareGoal = null, string Limit = "")
{
    public bool IsMet(double ratio) => ratio >= Ratio && (ShareGoal is null || Share >= ShareGoal);
}

/// <summary>Collects the cells of a benchmark, prints them, and keeps them in bench/results.</summary>
internal sealed class Report(string benchmark, bool json, string? only, IReadOnlyCollection<string>? cells = null, IReadOnlyCollection<string>? all = null)
{
    private readonly List<Cell> _cells = [];
    private readonly List<string> _notes = [];
    private readonly List<string> _order = [.. all ?? []];

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

    /// <summary>Writes bench/results/NAME.json, a cell a line, and NAME.md. Where cells were named, those of earlier runs stay.</summary>
    public void Save()
    {
        string? root = Environment.GetEnvironmentVariable("HEARTH_BENCH_ROOT");
        if (string.IsNullOrEmpty(root) || _cells.Count == 0 || only != null || _cells.All(cell => double.IsNaN(cell.Ratio))) return;
        string path = Path.Combine(root, "results", benchmark + ".json");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        Cell[] earlier = IsWhole || !File.Exists(path) ? [] : [.. File.ReadLines(path).Select(Parse).Where(cell => _cells.All(own => own.Name != cell.Name))];
        if (earlier.Length > 0) _notes.Add($"this run: {string.Join(", ", _cells.Select(cell => cell.Name))}; other cells are those of earlier runs");
        Cell[] all = [.. earlier.Concat(_cells).OrderBy(cell => _order.IndexOf(cell.Name))];
        File.WriteAllLines(path, all.Select(JsonLine));
        File.WriteAllText(Path.ChangeExtension(path, ".md"), Markdown(all));
    }

    private string Markdown(Cell[] cells)
    {
        var text = new StringBuilder($"# bench/run {benchmark}\n\n");
        foreach (string note in _notes) text.Append("- ").Append(note).Append('\n');
        bool goals = cells.Any(cell => cell.Goal != null);
        text.Append("\n| cell | ours | peer | ratio | unit | peer is |" + (goals ? " goal |\n|---|---:|---:|---:|---|---|---|\n" : "\n|---|---:|---:|---:|---|---|\n"));
        foreach (var cell in cells)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {cell.Name} | {cell.Ours} | {cell.Peer} | {cell.Ratio:F2} | {cell.Unit} | {cell.PeerName} |");
            text.Append(goals ? $" {GoalText(cell)} |\n" : "\n");
        }
        return text.ToString();
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
            limit = cell.Goal?.Limit is { Length: > 0 } limit ? limit : null,
            met = cell.Goal?.IsMet(cell.Ratio),
        }, JsonOptions);

    private static Cell Parse(string line)
    {
        var json = JsonNode.Parse(line)!;
        double Number(string name) => json[name]?.GetValue<double>() ?? double.NaN;
        double? Maybe(string name) => json[name]?.GetValue<double>();
        var goal = Maybe("goal_ratio") is { } ratio ? new CellGoal(ratio, Maybe("limit_share"), Maybe("goal_share"), json["limit"]?.GetValue<string>() ?? "") : null;
        return new(json["name"]!.GetValue<string>(), Number("ours"), Number("peer"), Number("ratio"), json["unit"]!.GetValue<string>(), json["peer_name"]!.GetValue<string>(), goal);
    }

    // Without a peer there is no figure.
    private static double? Finite(double value) => double.IsFinite(value) ? value : null;

    private static readonly JsonSerializerOptions JsonOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
    };
}
