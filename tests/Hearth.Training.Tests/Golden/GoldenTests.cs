using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Hearth.Models;
using Hearth.Numerics;
using Hearth.TestKit;
using Hearth.Tokenization;
using Xunit;

namespace Hearth.Training.Tests;

/// <summary>
/// The cheapest strong test: committed hashes of the embedded model's logits and of an adapter after 20 steps, reproduced on every FMA machine, with
/// AVX2 and AVX-512, with 1 and 2 threads. <c>HEARTH_UPDATE_GOLDEN=1</c> writes the file anew: only for a change that is meant to change results.
/// </summary>
[Collection("simd")]
public sealed class GoldenTests
{
    private const int Steps = 20;
    private const int SamplesPerStep = 4;

    private static readonly string[] Prompts = ["Sort: pear, apple, fig", "What is 27 + 15?", "Tom has 12 eggs. He eats 5. How many eggs are left?"];
    private static string ModelFolder => Path.Combine(FixtureFolder.RepositoryRoot, "models", "hearth-tiny");
    private static string GoldenFile => Path.Combine(FixtureFolder.RepositoryRoot, "tests", "Fixtures", "golden", "hearth-tiny.json");

    public static TheoryData<SimdLevel, int> Machines()
    {
        var data = new TheoryData<SimdLevel, int>();
        foreach (var level in new[] { SimdLevel.Avx2, SimdLevel.Avx512 }.Where(level => level <= Simd.Widest))
            foreach (int threads in new[] { 1, 2 }) data.Add(level, threads);
        return data;
    }

    [Theory, MemberData(nameof(Machines))]
    public void Logits_have_the_committed_bits(SimdLevel level, int threads)
    {
        using var forced = Simd.Force(level);
        Assert.Equal(Golden("logits", () => LogitsHash(threads)), LogitsHash(threads));
    }

    [Theory, MemberData(nameof(Machines))]
    public void An_adapter_after_20_steps_has_the_committed_bits(SimdLevel level, int threads)
    {
        using var forced = Simd.Force(level);
        Assert.Equal(Golden("adapter", () => AdapterHash(threads, 1024)), AdapterHash(threads, microbatch: threads == 1 ? 1024 : 100));
    }

    private static string LogitsHash(int threads)
    {
        var tokenizer = Tokenizer.Load(Path.Combine(ModelFolder, "tokenizer.json"));
        using var files = ModelFiles.Open(ModelFolder);
        using var model = TransformerModel.Load(files);
        using var pool = new ComputePool(threads);
        using var arena = new Arena();
        using var cache = new KvCache(model.Configuration, 4);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string prompt in Prompts)
        {
            int[] ids = [.. tokenizer.Encode("<|user|>"), .. tokenizer.Encode(prompt), .. tokenizer.Encode("<|end|><|assistant|>")];
            var logits = new float[ids.Length * model.Configuration.VocabularySize];
            model.Forward(pool, arena, new ForwardBatch
            {
                TokenIds = ids,
                Positions = [.. Enumerable.Range(0, ids.Length)],
                Segments = [new AttentionSegment(0, ids.Length, 0, 0)],
                BlockTable = [0, 1, 2, 3],
                Adapters = [null],
                LogitRows = [.. Enumerable.Range(0, ids.Length)],
            }, cache, logits);
            hash.AppendData(MemoryMarshal.AsBytes<float>(logits));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string AdapterHash(int threads, int microbatch)
    {
        using var folder = new TemporaryFolder();
        string dataset = Path.Combine(folder.Path, "rows.jsonl");
        File.WriteAllText(dataset, DemoDataset.ToJsonLines(new DemoDataset(seed: 1, trainingRows: Steps * SamplesPerStep, heldOutRows: 1).Training));
        var result = SupervisedRecipe.Run(new SupervisedOptions
        {
            BaseModelPath = ModelFolder,
            DatasetPath = dataset,
            RunFolder = Path.Combine(folder.Path, "run"),
            BatchSizeSamples = SamplesPerStep,
            LearningRate = 3e-3,
            LoraRank = 8,
            MaxContextLength = 256,
            Seed = 7,
            Threads = threads,
            MicrobatchTokens = microbatch,
        });
        Assert.Equal(Steps, result.Steps);
        return Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(result.AdapterFolder, "adapter_model.safetensors"))));
    }

    private static string Golden(string name, Func<string> compute)
    {
        var golden = File.Exists(GoldenFile) ? JsonSerializer.Deserialize<SortedDictionary<string, string>>(File.ReadAllText(GoldenFile))! : [];
        if (Environment.GetEnvironmentVariable("HEARTH_UPDATE_GOLDEN") == "1")
        {
            golden[name] = compute();
            Directory.CreateDirectory(Path.GetDirectoryName(GoldenFile)!);
            File.WriteAllText(GoldenFile, JsonSerializer.Serialize(golden, new JsonSerializerOptions { WriteIndented = true }) + "\n");
        }
        return golden.TryGetValue(name, out var hash) ? hash : throw new InvalidOperationException($"No golden hash '{name}' is committed. Write it with HEARTH_UPDATE_GOLDEN=1.");
    }
}

/// <summary>Tests that force a SIMD level share a process-wide setting, so they run one after another.</summary>
[CollectionDefinition("simd", DisableParallelization = true)]
public sealed class SimdCollection;
