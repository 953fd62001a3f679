using Hearth.Models;
using Hearth.Numerics;

namespace Hearth.Training;

/// <summary>AdamW (arXiv:1711.05101, algorithm 2, as torch.optim.AdamW) over a <see cref="ParameterSet"/>, after clipping the gradient's global norm.</summary>
public sealed class AdamWOptimizer : IDisposable
{
    private readonly ParameterSet _parameters;
    private readonly ComputePool _pool;
    private readonly AdamWOptions _options;
    private readonly ParameterGradients _first;
    private readonly ParameterGradients _second;

    /// <summary>Zero moments for <paramref name="parameters"/>.</summary>
    public AdamWOptimizer(ParameterSet parameters, AdamWOptions options, ComputePool pool)
    {
        _parameters = parameters;
        _options = options;
        _pool = pool;
        _first = new ParameterGradients(parameters);
        _second = new ParameterGradients(parameters);
    }

    /// <summary>Updates done so far.</summary>
    public int StepCount { get; set; }

    /// <summary>First moments, in the parameters' layout; saved with a checkpoint.</summary>
    public FloatBuffer FirstMoments => _first.Values;

    /// <summary>Second moments, in the parameters' layout; saved with a checkpoint.</summary>
    public FloatBuffer SecondMoments => _second.Values;

    /// <summary>Clips the gradient and updates the parameters.</summary>
    /// <param name="norm"><see cref="GlobalNorm"/> of the gradients: the caller has looked at it before it lets them change anything.</param>
    public void Step(ParameterGradients gradients, double norm, double learningRate)
    {
        if (_options.MaxGradNorm > 0 && norm > _options.MaxGradNorm)
            Kernels.Scale(_pool, gradients.Values, Kernels.ClipFactor(norm, _options.MaxGradNorm));
        StepCount++;
        foreach (var parameter in _parameters.All)
        {
            // Norm weights are not decayed: pulling a gain to zero is not a regulariser.
            double decay = parameter.IsVector ? 0 : _options.WeightDecay;
            var settings = new AdamWSettings
            {
                LearningRate = learningRate,
                Beta1 = _options.Beta1,
                Beta2 = _options.Beta2,
                Epsilon = _options.Epsilon,
                WeightDecay = decay,
            };
            Kernels.AdamW(_pool, _parameters.Of(parameter), gradients.Of(parameter), _first.Of(parameter), _second.Of(parameter), settings, StepCount);
        }
    }

    /// <summary>Euclidean norm over all tensors: each tensor's sum of squares in double (E3), tensors in ordinal order of names (E8).</summary>
    public double GlobalNorm(ParameterGradients gradients)
    {
        double sum = 0;
        foreach (var parameter in _parameters.All) sum += Kernels.SumOfSquaresDouble(gradients.Of(parameter));
        return Math.Sqrt(sum);
    }

    /// <summary>Frees the moments.</summary>
    public void Dispose()
    {
        _first.Dispose();
        _second.Dispose();
    }
}

/// <summary>Options of AdamW.</summary>
public sealed record AdamWOptions
{
    /// <summary>Decay of the first moment.</summary>
    public double Beta1 { get; init; } = 0.9;
    /// <summary>Decay of the second moment.</summary>
    public double Beta2 { get; init; } = 0.999;
    /// <summary>Added to the root of the second moment.</summary>
    public double Epsilon { get; init; } = 1e-8;
    /// <summary>Decoupled decay, of matrices only.</summary>
    public double WeightDecay { get; init; } = 0.01;
    /// <summary>Largest global norm; 0 = no clipping.</summary>
    public double MaxGradNorm { get; init; } = 1.0;
}
