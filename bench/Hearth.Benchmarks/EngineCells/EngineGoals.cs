using Hearth.Numerics;

namespace Hearth.Benchmarks;

/// <summary>Which kind of processor this is, as far as goals and the peer's known figures go.</summary>
internal enum ProcessorKind
{
    Unknown,
    Zen3,
    Zen5,
    EmeraldRapids,
}

/// <summary>What the engine's cells should reach, and what the peer is known to reach: the table of issue "the inference engine".</summary>
internal static class EngineGoals
{
    /// <summary>Tokens a second of llama.cpp's prebuilt library on Zen 3, Zen 5, Emerald Rapids.</summary>
    private static readonly Dictionary<string, double[]> Known = new()
    {
        ["prefill-f16"] = [267, 576, 451],
        ["prefill-q8_0"] = [512, 824, 535],
        ["prefill-q4_0"] = [560, 1540, 745],
        ["decode-f16"] = [87, 116, 64],
        ["decode-q8_0"] = [137, 155, 99],
        ["decode-q4_0"] = [195, 205, 153],
        ["batch32-f16"] = [187, 317, 278],
        ["batch32-q8_0"] = [352, 538, 363],
        ["batch32-q4_0"] = [403, 813, 481],
    };

    public static ProcessorKind Kind { get; } = Find();

    /// <summary>Known figure of the peer; null on another processor.</summary>
    public static double? KnownPeer(string cell) => Kind == ProcessorKind.Unknown || !Known.TryGetValue(cell, out var figures) ? null : figures[(int)Kind - 1];

    /// <summary>The least ratio of ours to the peer's.</summary>
    public static double Ratio(string cell) => cell switch
    {
        "prefill-f16" or "batch32-f16" => 2,
        "prefill-q8_0" or "decode-f16" or "decode-q8_0" => 1.2,
        "batch32-q8_0" => 1.3,
        "prefill-q4_0" => HasFastIntegers ? 0.85 : Kind == ProcessorKind.EmeraldRapids ? 1.2 : 1.1,
        "batch32-q4_0" => HasFastIntegers ? 1.0 : 1.1,
        "adapters8" => 0.75,
        "adapters32" => 0.85,
        "livemerge-prefill" or "livemerge-decode" => 0.98,
        _ => 1,
    };

    /// <summary>The least share of the limit measured in the run; null where none is set.</summary>
    public static double? Share(string cell) => cell switch
    {
        "prefill-f16" => 0.60,
        "prefill-q8_0" or "prefill-q4_0" => 0.65,
        "decode-f16" => 0.85,
        "decode-q8_0" => 0.70,
        _ => null,
    };

    // The peer computes Q4_0 in integers where the processor has VNNI: AMD's since Zen 4.
    private static bool HasFastIntegers => Kind == ProcessorKind.Zen5 || (Kind == ProcessorKind.Unknown && Simd.Widest == SimdLevel.Avx512);

    private static ProcessorKind Find()
    {
        if (!File.Exists("/proc/cpuinfo")) return ProcessorKind.Unknown;
        var fields = File.ReadLines("/proc/cpuinfo").TakeWhile(line => line.Length > 0).Select(line => line.Split(':')).Where(parts => parts.Length > 1)
            .ToDictionary(parts => parts[0].Trim(), parts => parts[1].Trim());
        string Field(string name) => fields.GetValueOrDefault(name, "");
        int.TryParse(Field("model"), out int model);
        return (Field("vendor_id"), Field("cpu family")) switch
        {
            ("AuthenticAMD", "25") when model is < 0x10 or (>= 0x20 and < 0x60) => ProcessorKind.Zen3,
            ("AuthenticAMD", "26") => ProcessorKind.Zen5,
            ("GenuineIntel", "6") when model == 0xCF => ProcessorKind.EmeraldRapids,
            _ => ProcessorKind.Unknown,
        };
    }
}
