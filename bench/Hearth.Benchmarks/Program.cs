using System.Diagnostics;
using System.Reflection;
using Hearth.Benchmarks;
using Hearth.Numerics;

if (args is ["dataset-check", var dataset]) return DatasetBenchmark.Check(dataset);
if (args is ["openblas-peer", var library]) return OpenBlasChild.Serve(library);
if (args is [EngineChild.Verb, var model, var cacheTokens]) return EngineChild.Serve(model, int.Parse(cacheTokens));
if (args is [EmptyPeer.Verb, var bytes]) return EmptyPeer.Serve(int.Parse(bytes));

if (!IsOptimised(typeof(Kernels).Assembly) || !IsOptimised(Assembly.GetExecutingAssembly()))
{
    Console.Error.WriteLine("The code was built without optimiser (Debug), so figures would mean nothing. Use bench/run, or build with -c Release.");
    return 2;
}

const string Names = "api, attention, dataset, engine, gemm, gemm-types, grammar, lora, moe, speculation, step, tokenizer";
bool json = args.Contains("--json");
string? only = args.FirstOrDefault(argument => argument.StartsWith("--only="))?["--only=".Length..];
string[] cells = [.. args.Where(EngineBenchmark.Cells.Contains)];
string[] names = [.. args.Where(argument => !argument.StartsWith('-') && !cells.Contains(argument))];
if (names.Length == 0)
{
    Console.Error.WriteLine($"usage: bench/run NAME… [CELL…] [--json] [--only=PART-OF-A-CELL'S-NAME] [--ours-only]   names: {Names}");
    return 2;
}

foreach (string name in names)
{
    var report = new Report(name, json, only, name == "engine" ? cells : null, name == "engine" ? EngineBenchmark.Cells : null);
    switch (name)
    {
        case "gemm":
            GemmBenchmark.Run(report, args.Contains("--ours-only"));
            break;
        case "attention":
            AttentionBenchmark.Run(report);
            break;
        case "gemm-types":
            GemmTypes.Run(report);
            break;
        case "dataset":
            DatasetBenchmark.Run(report, args.Contains("--ours-only"));
            break;
        case "lora":
            LoraBenchmark.Run(report, args.Contains("--ours-only"));
            break;
        case "tokenizer":
            TokenizerBenchmark.Run(report, args.Contains("--ours-only"));
            break;
        case "step":
            StepBenchmark.Run(report, args);
            return 0;
        case "engine":
            EngineBenchmark.Run(report, args.Contains("--ours-only"));
            break;
        case "grammar":
            GrammarBenchmark.Run(report);
            break;
        case "speculation":
            SpeculationBenchmark.Run(report);
            break;
        case "moe":
            ExpertsBenchmark.Run(report);
            break;
        case "api":
            ApiBenchmark.Run(report);
            break;
        default:
            Console.Error.WriteLine($"There is no benchmark '{name}'. Names: {Names}; cells of engine: {string.Join(", ", EngineBenchmark.Cells)}.");
            return 2;
    }
    report.Save();
}
return 0;

static bool IsOptimised(Assembly assembly) => assembly.GetCustomAttribute<DebuggableAttribute>() is not { IsJITOptimizerDisabled: true };
