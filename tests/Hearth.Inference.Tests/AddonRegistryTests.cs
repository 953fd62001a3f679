using System.Collections.Concurrent;
using Hearth.Models;
using Hearth.TestKit;

namespace Hearth.Inference.Tests;

/// <summary>Many addons are known, those in use are in memory; loads, evictions and replacements are seen by nobody who runs.</summary>
[Trait("Category", "Fixtures")]
public sealed class AddonRegistryTests : IDisposable
{
    private static readonly string Folder = Path.Combine(FixtureModel.Folder("qwen3"), "adapter");
    private static readonly long Size = MeasuredSize();
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly ModelFiles _files = ModelFiles.Open(FixtureModel.Folder("qwen3"));
    private readonly ConcurrentQueue<string> _loads = new();
    private readonly List<AdapterWeights> _made = [];
    private AddonRegistry? _registry;

    [Fact]
    public async Task Many_first_requests_load_once()
    {
        using var gate = new ManualResetEventSlim();
        var registry = Registry(before: _ => gate.Wait());
        Know("a");
        var asked = Enumerable.Range(0, 20).Select(_ => registry.AcquireAsync("a").AsTask()).ToArray();
        Assert.Empty(registry.Resident);
        gate.Set();
        var leases = await Task.WhenAll(asked).WaitAsync(Patience);
        Assert.Single(leases.Select(lease => lease.Addon).Distinct());
        Assert.Equal(["a"], _loads);
        foreach (var lease in leases) lease.Dispose();
        Assert.Equal(["a"], registry.Resident);
    }

    [Fact]
    public async Task A_failed_load_fails_its_requests_with_the_reason_and_is_tried_again_later()
    {
        bool broken = true;
        var registry = Registry(before: _ =>
        {
            if (broken) throw new InvalidDataException("the disk is on fire");
        });
        Know("a");
        var fault = await Assert.ThrowsAsync<AddonLoadException>(() => registry.AcquireAsync("a").AsTask());
        Assert.Equal("The adapter a could not be loaded: the disk is on fire", fault.Message);
        Assert.Equal(0, registry.Bytes);
        broken = false;
        using var lease = await registry.AcquireAsync("a");
        Assert.Equal("a", lease.Addon.Name);
    }

    [Fact]
    public async Task What_nobody_used_for_longest_makes_room_and_comes_back_when_asked_for()
    {
        var registry = Registry(budget: 2 * Size + Size / 2);
        foreach (var name in (string[])["a", "b", "c", "d"]) Know(name);
        await Use("a");
        await Use("b");
        await Use("a");
        await Use("c"); // b goes
        Assert.Equal(["a", "c"], registry.Resident);
        Assert.True(registry.Bytes <= 2 * Size + Size / 2);
        await Use("b");
        Assert.Equal(["b", "c"], registry.Resident);
        Assert.Equal(["a", "b", "c", "b"], _loads);
    }

    [Fact]
    public async Task What_is_in_use_is_never_evicted_and_others_wait_for_it()
    {
        var registry = Registry(budget: Size + Size / 2);
        Know("a");
        Know("b");
        var held = await registry.AcquireAsync("a");
        var waiting = registry.AcquireAsync("b").AsTask();
        Assert.Equal(["a"], registry.Resident);
        Assert.False(waiting.IsCompleted);
        held.Dispose();
        (await waiting.WaitAsync(Patience)).Dispose();
        Assert.Equal(["b"], registry.Resident);
    }

    [Fact]
    public async Task One_that_can_never_fit_is_refused()
    {
        var registry = Registry(budget: AdapterWeights.EstimateBytes(Folder) - 1);
        Know("a");
        Assert.Contains("raise the limit", (await Assert.ThrowsAsync<AddonLoadException>(() => registry.AcquireAsync("a").AsTask())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_was_refused_gives_no_room_to_others()
    {
        using var folder = new TemporaryFolder();
        var writer = new SafetensorsWriter();
        writer.Add("huge", [2 * Size], new float[2 * Size], TensorType.F32);
        writer.Save(Path.Combine(folder.Path, "adapter_model.safetensors"));
        var registry = Registry(budget: Size + Size / 2);
        registry.Set(new AddonSource("huge", folder.Path, "1"));
        Know("a");
        Know("b");
        await Assert.ThrowsAsync<AddonLoadException>(() => registry.AcquireAsync("huge").AsTask());
        await Use("a");
        await Use("b");
        Assert.Equal(["b"], registry.Resident);
    }

    [Fact]
    public async Task A_replaced_addon_serves_those_who_run_and_is_freed_with_the_last()
    {
        var registry = Registry();
        Know("a", version: "1");
        var old = await registry.AcquireAsync("a");
        Know("a", version: "2");
        using var next = await registry.AcquireAsync("a");
        Assert.NotEqual(old.Addon.Hash, next.Addon.Hash);
        Assert.Equal(("1", "2"), (old.Version, next.Version));
        Assert.Equal(_made.Sum(weights => weights.Bytes), registry.Bytes);
        old.Dispose();
        Assert.Equal(_made[1].Bytes, registry.Bytes);
    }

    [Fact]
    public async Task One_replaced_while_it_loads_is_not_what_the_waiting_request_gets()
    {
        using var gate = new ManualResetEventSlim();
        var registry = Registry(before: source =>
        {
            if (source.Version == "1") gate.Wait();
        });
        Know("a", version: "1");
        var waiting = registry.AcquireAsync("a").AsTask();
        Know("a", version: "2");
        gate.Set();
        using var lease = await waiting.WaitAsync(Patience);
        Assert.Equal("2", lease.Version);
        Assert.Equal(lease.Addon.Adapter!.Bytes, registry.Bytes);
    }

    [Fact]
    public async Task Equal_content_under_two_names_is_in_memory_once()
    {
        var registry = Registry();
        Know("a");
        registry.Set(new AddonSource("another", Folder, "1")); // their content follows their first letter
        using var one = await registry.AcquireAsync("a");
        using var two = await registry.AcquireAsync("another");
        Assert.Same(one.Addon.Adapter, two.Addon.Adapter);
        Assert.Equal(one.Addon.Adapter!.Bytes, registry.Bytes);
        registry.Remove("a");
        one.Dispose();
        Assert.Equal(two.Addon.Adapter!.Bytes, registry.Bytes);
    }

    [Fact]
    public async Task A_removed_addon_is_no_longer_found()
    {
        var registry = Registry();
        Know("a");
        await Use("a");
        Assert.True(registry.Remove("a"));
        Assert.Equal(0, registry.Bytes);
        await Assert.ThrowsAsync<KeyNotFoundException>(() => registry.AcquireAsync("a").AsTask());
    }

    public void Dispose()
    {
        _registry?.Dispose();
        Assert.Equal(0, _registry?.Bytes ?? 0);
        _files.Dispose();
    }

    private static long MeasuredSize()
    {
        using var files = ModelFiles.Open(FixtureModel.Folder("qwen3"));
        using var weights = AdapterWeights.Load(Folder, files.Configuration);
        return weights.Bytes;
    }

    private async Task Use(string name) => (await _registry!.AcquireAsync(name).AsTask().WaitAsync(Patience)).Dispose();

    private void Know(string name, string version = "1") => _registry!.Set(new AddonSource(name, Folder, version));

    // Content follows the first letters of name and version.
    private AddonRegistry Registry(long budget = long.MaxValue, Action<AddonSource>? before = null) => _registry = new AddonRegistry(source =>
    {
        before?.Invoke(source);
        _loads.Enqueue(source.Name);
        var content = AdapterFiles.Load(source.Folder, _files.Configuration).Content;
        float scale = source.Name[0] + 256 * source.Version[0];
        var weights = AdapterWeights.Of(content with { Modules = [.. content.Modules.Select(module => module with { Scale = scale })] }, _files.Configuration);
        lock (_made) _made.Add(weights);
        return weights;
    }, budget);
}
