namespace Hearth.Numerics.Tests;

/// <summary>Gradients without calculus: of sum(dy * y(x)) for a double-precision reference y.</summary>
internal static class CentralDifferences
{
    private const double Step = 1e-5;

    public static double[] Of(Func<double[], double[]> forward, ReadOnlySpan<float> at, ReadOnlySpan<float> dy)
    {
        var x = Values.Wide(at);
        var weights = Values.Wide(dy);
        var gradient = new double[x.Length];
        for (int i = 0; i < x.Length; i++)
        {
            double before = x[i];
            x[i] = before + Step;
            double above = Dot(forward(x), weights);
            x[i] = before - Step;
            double below = Dot(forward(x), weights);
            x[i] = before;
            gradient[i] = (above - below) / (2 * Step);
        }
        return gradient;
    }

    private static double Dot(double[] left, double[] right)
    {
        double sum = 0;
        for (int i = 0; i < left.Length; i++) sum += left[i] * right[i];
        return sum;
    }
}
