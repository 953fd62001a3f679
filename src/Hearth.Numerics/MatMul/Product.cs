namespace Hearth.Numerics;

/// <summary>One of several products of the same x.</summary>
/// <param name="Weight">[N, K].</param>
/// <param name="Result">[rows, N]; overwritten.</param>
public readonly record struct Product(PackedWeight Weight, FloatBuffer Result);
