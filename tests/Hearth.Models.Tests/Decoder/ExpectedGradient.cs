using System.Globalization;
using System.Text.RegularExpressions;

namespace Hearth.Models.Tests;

/// <summary>The reference's gradient of a trained tensor. Fused expert adapters are split as the fixtures' README lays them out: A expert by expert, B's columns by turns.</summary>
internal static partial class ExpectedGradient
{
    public static float[] Of(SafetensorsFile expected, Parameter parameter)
    {
        if (expected.Names.Contains("grad." + parameter.Name)) return expected.Get("grad." + parameter.Name).ToFloat32();
        var match = Expert().Match(parameter.Name);
        string stored = match.Groups[1].Value + (match.Groups[3].Value == "down" ? "" : ".base_layer") + match.Groups[4].Value;
        var tensor = expected.Get("grad." + stored);
        int expert = int.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture);
        var values = tensor.ToFloat32();
        if (stored.Contains("lora_A", StringComparison.Ordinal)) return values[(expert * parameter.Length)..((expert + 1) * parameter.Length)];
        int columns = (int)tensor.Shape[1], experts = columns / parameter.Columns, firstRow = match.Groups[3].Value == "up" ? parameter.Rows : 0;
        return [.. Enumerable.Range(0, parameter.Length).Select(i => values[(firstRow + i / parameter.Columns) * columns + i % parameter.Columns * experts + expert])];
    }

    [GeneratedRegex(@"^(.*\.mlp\.experts)\.(\d+)\.(gate_up|gate|up|down)_proj(\.lora_[AB]\.weight)$")]
    private static partial Regex Expert();
}
