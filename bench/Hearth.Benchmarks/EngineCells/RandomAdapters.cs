using Hearth.Inference;
using Hearth.Models;

namespace Hearth.Benchmarks;

/// <summary>Random adapters on all projections, saved and loaded as the product does.</summary>
internal sealed class RandomAdapters : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hearth-bench-").FullName;

    public RandomAdapters(ModelConfiguration configuration, int count, int rank)
    {
        All = [.. Enumerable.Range(0, count).Select(i => Make(configuration, rank, i))];
    }

    public IReadOnlyList<Addon> All { get; }

    /// <summary>PEFT folder of one of them.</summary>
    public string FolderOf(int number) => Path.Combine(_folder, $"adapter-{number}");

    public void Dispose()
    {
        foreach (var addon in All) addon.Release();
        Directory.Delete(_folder, recursive: true);
    }

    private Addon Make(ModelConfiguration configuration, int rank, int number)
    {
        string name = $"adapter-{number}", folder = FolderOf(number);
        using (var adapter = LoraAdapter.Create(configuration, rank, alpha: 2 * rank, seed: (ulong)number))
        {
            foreach (var parameter in adapter.Parameters.All)
            {
                // A is drawn by now; B begins as zero, and an adapter in use has one that is not.
                var values = adapter.Parameters.Of(parameter).Span;
                if (!values.ContainsAnyExcept(0f))
                    for (int i = 0; i < values.Length; i++) values[i] = ((i * 2654435761u >> 8) * (1f / (1 << 23)) - 1f) * 0.01f;
            }
            adapter.Save(folder, "random-135m");
        }
        return Addon.Load(name, folder, configuration);
    }
}
