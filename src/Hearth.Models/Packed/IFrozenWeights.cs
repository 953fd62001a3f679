using Hearth.Numerics;

namespace Hearth.Models;

/// <summary>Where a frozen model's weights come from: a mapped packed file, or the published files packed in memory. Names are those of Hugging Face.</summary>
internal interface IFrozenWeights : IDisposable
{
    /// <summary>What was loaded and how.</summary>
    WeightReport Report { get; }

    /// <summary>Whether there is a tensor of this name.</summary>
    bool Contains(string name);

    /// <summary>The matrix [outputs, inputs], packed. The caller disposes it before the source.</summary>
    /// <exception cref="InvalidDataException">The tensor has another shape.</exception>
    PackedWeight Matrix(string name, int outputs, int inputs);

    /// <summary>The vector [width], widened to float32; only to be read. Lives as long as the source.</summary>
    /// <exception cref="InvalidDataException">The tensor has another shape.</exception>
    FloatBuffer Vector(string name, int width);
}
