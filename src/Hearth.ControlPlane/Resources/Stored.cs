using System.Text.Json;
using System.Text.Json.Serialization;

namespace Hearth.ControlPlane;

/// <summary>A row and the record in it.</summary>
public sealed record Stored<T>(ResourceRow Row, T Value)
{
    public ResourceName Name => Row.Name;

    /// <summary>Tells the resource from an earlier one of the same name, for what outlives it: keys of usage.</summary>
    public string Incarnation => $"{Name}@{Row.CreateTime.UtcTicks}";

    /// <summary>The row with another content, for <see cref="Change.Update"/>.</summary>
    public ResourceRow With(T value, string? state, DateTimeOffset now) =>
        Row with { Json = Records.Write(value), State = state ?? Row.State, UpdateTime = now };
}

/// <summary>Records as the store keeps them. Fields may be added; they are never renamed or given another meaning.</summary>
public static class Records
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter() },
    };

    public static string Write<T>(T value) => JsonSerializer.Serialize(value, Options);

    public static T Read<T>(string json) => JsonSerializer.Deserialize<T>(json, Options)!;

    public static Stored<T> Read<T>(ResourceRow row) => new(row, Read<T>(row.Json));
}
