namespace Hearth.Benchmarks;

/// <summary>Both sides in turns after a warm-up each; medians in seconds.</summary>
internal readonly record struct Turns(double Ours, double Peer)
{
    public static Turns Run(int rounds, EngineLimits? limits, Func<double> ours, Func<double>? peer)
    {
        ours();
        peer?.Invoke();
        limits?.BeginCell();
        List<double> our = [], their = [];
        for (int round = 0; round < rounds; round++)
        {
            limits?.Sample();
            our.Add(ours());
            if (peer != null) their.Add(peer());
        }
        return new(Median(our), peer is null ? double.NaN : Median(their));
    }

    public static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
