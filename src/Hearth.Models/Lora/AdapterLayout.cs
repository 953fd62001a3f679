using Hearth.Numerics;

namespace Hearth.Models;

/// <summary>Which of an adapter's modules are products of one site, and the memory that they take.</summary>
internal sealed class AdapterLayout
{
    private const int ExpertSites = 2; // gate and up, down

    private readonly Dictionary<string, AdapterModule> _modules;
    private readonly SitePlan?[] _sites;
    private readonly SitePlan?[]?[] _expertSites;

    /// <exception cref="NotSupportedException">A module has no place in the forward pass.</exception>
    public AdapterLayout(ModelConfiguration configuration, AdapterContent content)
    {
        _modules = content.Modules.SelectMany(FusedExperts.Projections).ToDictionary(module => module.Path, StringComparer.Ordinal);
        _sites = new SitePlan?[configuration.Layers * AdapterSites.Count + 1];
        _expertSites = new SitePlan?[]?[configuration.Layers];
        for (int layer = 0; layer < configuration.Layers; layer++)
        {
            for (int site = 0; site < AdapterSites.Count; site++)
                _sites[layer * AdapterSites.Count + site] = Take(((AdapterSite)site).Projections(), projection => projection.ModulePath(layer));
            if (configuration.HasExperts(layer)) _expertSites[layer] = TakeExperts(layer, configuration.Experts!.Count);
        }
        _sites[^1] = _modules.Remove(AdapterConfiguration.Head, out var head) ? new SitePlan([head]) : null;
        if (_modules.Count > 0) throw new NotSupportedException($"The adapter changes module '{_modules.Keys.First()}', for which there is no place in the forward pass.");
        Floats = _sites.Concat(_expertSites.SelectMany(sites => sites ?? [])).Sum(plan => plan?.Floats ?? 0);
    }

    /// <summary>Memory of all sites.</summary>
    public long Floats { get; }

    /// <summary>Lays all out, one behind the other. Panels are whole cache lines, and so each site starts on one.</summary>
    public (LowRankSite?[] Sites, LowRankSite?[]?[] ExpertSites) Pack(NativeBlock block)
    {
        long offset = 0;
        return (PackAll(_sites), [.. _expertSites.Select(sites => sites is null ? null : PackAll(sites))]);

        LowRankSite?[] PackAll(SitePlan?[] plans)
        {
            var packed = new LowRankSite?[plans.Length];
            for (int i = 0; i < plans.Length; i++)
            {
                if (plans[i] is not { } plan) continue;
                packed[i] = plan.Pack(block.Floats(offset, checked((int)plan.Floats)));
                offset += plan.Floats;
            }
            return packed;
        }
    }

    private SitePlan?[]? TakeExperts(int layer, int experts)
    {
        var plans = new SitePlan?[experts * ExpertSites];
        for (int expert = 0; expert < experts; expert++)
            for (int site = 0; site < ExpertSites; site++)
                plans[expert * ExpertSites + site] = Take(
                    (AdapterSite.FeedForwardInput + site).Projections(),
                    projection => ModelLayout.ModulePath(layer, ModelLayout.ExpertModule(expert, ModelLayout.ExpertModules[projection - Projection.Gate])));
        return Array.TrueForAll(plans, plan => plan is null) ? null : plans;
    }

    private SitePlan? Take(ReadOnlySpan<Projection> projections, Func<Projection, string> path)
    {
        var members = new AdapterModule?[projections.Length];
        for (int i = 0; i < members.Length; i++) _modules.Remove(path(projections[i]), out members[i]);
        return Array.TrueForAll(members, member => member is null) ? null : new SitePlan(members);
    }

    private sealed class SitePlan(AdapterModule?[] modules)
    {
        private readonly LowRankShape[] _shapes = [.. modules.Select(module => module is null ? default : new LowRankShape(module.Rank, module.Outputs, module.Scale, !module.Bias.IsEmpty))];
        private readonly int _inputs = modules.First(module => module is not null)!.Inputs;

        public long Floats => LowRankSite.FloatsFor(_inputs, _shapes);

        public LowRankSite Pack(FloatBuffer memory)
        {
            var site = new LowRankSite(_inputs, _shapes, memory);
            for (int i = 0; i < modules.Length; i++)
                if (modules[i] is { } module) site.Pack(i, module.A.Span, module.B.Span, module.Bias.Span);
            return site;
        }
    }
}
