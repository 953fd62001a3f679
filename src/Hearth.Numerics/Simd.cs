using System.Runtime.Intrinsics.X86;

namespace Hearth.Numerics;

/// <summary>The instruction sets that kernels are written for. AVX2 and AVX-512 give equal bits (docs/exactness.md, E1 and E3).</summary>
public enum SimdLevel
{
    /// <summary>No fused multiply-add hardware: correct to rounding, another numerics id (E0).</summary>
    Portable,
    /// <summary>AVX2 and FMA.</summary>
    Avx2,
    /// <summary>AVX-512 F, BW, DQ and VL.</summary>
    Avx512,
}

/// <summary>Chooses the instruction set once, at start. <c>HEARTH_SIMD=portable|avx2|avx512</c> forces it.</summary>
public static class Simd
{
    /// <summary>The widest level that this processor has.</summary>
    // Vector512.IsHardwareAccelerated is false where the runtime fears throttling, so the instruction sets are asked directly.
    public static SimdLevel Widest { get; } =
        Avx512F.IsSupported && Avx512BW.IsSupported && Avx512DQ.IsSupported && Avx512F.VL.IsSupported ? SimdLevel.Avx512
        : Avx2.IsSupported && Fma.IsSupported ? SimdLevel.Avx2
        : SimdLevel.Portable;

    // After Widest: static fields initialise in this order.
    private static SimdLevel _level = FromEnvironment();

    /// <summary>The level that kernels use.</summary>
    public static SimdLevel Level => _level;

    /// <summary>Names the arithmetic: equal ids mean equal bits (E0).</summary>
    public static string NumericsId => _level == SimdLevel.Portable ? "portable-1" : "fma-1";

    /// <summary>Forces a level until the result is disposed; for tests and benchmarks. Not thread-safe.</summary>
    /// <exception cref="PlatformNotSupportedException">The processor lacks the level.</exception>
    public static IDisposable Force(SimdLevel level)
    {
        Require(level);
        var before = _level;
        _level = level;
        return new Restore(before);
    }

    private static SimdLevel FromEnvironment()
    {
        var text = Environment.GetEnvironmentVariable("HEARTH_SIMD");
        if (string.IsNullOrEmpty(text)) return Widest;
        if (!Enum.TryParse<SimdLevel>(text, ignoreCase: true, out var level) || int.TryParse(text, out _))
            throw new PlatformNotSupportedException($"HEARTH_SIMD is '{text}', expected portable, avx2 or avx512.");
        Require(level);
        return level;
    }

    private static void Require(SimdLevel level)
    {
        if (level > Widest)
            throw new PlatformNotSupportedException($"SIMD level {level} was asked for, but this processor has {Widest} at most.");
    }

    private sealed class Restore(SimdLevel before) : IDisposable
    {
        public void Dispose() => _level = before;
    }
}
