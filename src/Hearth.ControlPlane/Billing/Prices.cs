using System.Text.Json;

namespace Hearth.ControlPlane;

/// <summary>What usage costs, in versions by time. A server of one's own charges nothing until it is told prices.</summary>
public sealed class Prices
{
    private readonly IReadOnlyList<PriceTable> _tables;

    private Prices(IReadOnlyList<PriceTable> tables) => _tables = tables;

    public static Prices None { get; } = new([]);

    /// <summary>Reads <c>prices.json</c>: an array of tables. A file that is not there means no prices.</summary>
    /// <exception cref="InvalidOperationException">The file is no such array, or a table begins within a day. The message has the remedy.</exception>
    public static Prices Read(string path)
    {
        if (!File.Exists(path)) return None;
        try
        {
            var tables = JsonSerializer.Deserialize<List<PriceTable>>(File.ReadAllBytes(path), JsonSerializerOptions.Web) ?? [];
            foreach (var table in tables) Check(table, path);
            return new([.. tables.OrderBy(table => table.From)]);
        }
        catch (JsonException broken)
        {
            throw new InvalidOperationException($"{path} is not an array of price tables ({broken.Message}). Its form is in docs/platform.md, under Money.");
        }
    }

    /// <summary>The table in force at <paramref name="time"/>; one without prices where there is none.</summary>
    public PriceTable At(DateTimeOffset time) => _tables.LastOrDefault(table => table.From <= time) ?? PriceTable.Free;

    private static void Check(PriceTable table, string path)
    {
        // Usage is priced by the day.
        if (table.From.ToUniversalTime().TimeOfDay != TimeSpan.Zero)
            throw new InvalidOperationException($"{path}: the table {table.Version} begins at {table.From:O}. Prices change at midnight UTC.");
        if (table.Inference.Concat(table.Training).Any(price => price.PerMillion < 0) || table.AcceleratorHour < 0)
            throw new InvalidOperationException($"{path}: the table {table.Version} has a price below 0.");
    }
}

/// <summary>Prices from a day on. Amounts are in <see cref="Currency"/>.</summary>
public sealed record PriceTable
{
    public static PriceTable Free { get; } = new();

    public string Version { get; init; } = "";
    public DateTimeOffset From { get; init; } = DateTimeOffset.MinValue;
    public string Currency { get; init; } = "USD";
    /// <summary>A million prompt or completion tokens, by size of the model, smallest first.</summary>
    public IReadOnlyList<SizePrice> Inference { get; init; } = [];
    /// <summary>A million trained tokens, by size of the base model, smallest first.</summary>
    public IReadOnlyList<SizePrice> Training { get; init; } = [];
    /// <summary>Of the price of a prompt token, what a cached one costs.</summary>
    public decimal CachedShare { get; init; } = 0.5m;
    /// <summary>Of the price of a request, what it costs within a batch.</summary>
    public decimal BatchShare { get; init; } = 0.5m;
    /// <summary>An hour of one accelerator of a dedicated deployment.</summary>
    public decimal AcceleratorHour { get; init; }

    internal decimal InferenceToken(long parameters) => Of(Inference, parameters);

    /// <summary>Price of one trained token of a model of that size.</summary>
    public decimal TrainedToken(long parameters) => Of(Training, parameters);

    private static decimal Of(IReadOnlyList<SizePrice> prices, long parameters) =>
        (prices.FirstOrDefault(price => price.UpTo is not { } limit || parameters <= limit) ?? prices.LastOrDefault())?.PerMillion / 1_000_000m ?? 0;
}

/// <summary>A price for models of up to so many parameters; null: of any size.</summary>
public sealed record SizePrice(long? UpTo, decimal PerMillion);
