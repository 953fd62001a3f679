using System.Runtime.CompilerServices;
using Hearth.ControlPlane;
using Hearth.Inference;
using Hearth.Models;

namespace Hearth.Workers;

/// <summary>A model and its adapters in the inference engine, with the tokenizer and chat template that belong to them.</summary>
internal sealed class EngineModel : IReplicaModel, IDisposable
{
    private readonly ModelFiles files;
    private readonly Conversations conversations;
    private readonly Engine engine;
    private readonly AddonRegistry addons;
    private readonly RequestGrammar grammars;

    private EngineModel(ModelFiles files, Conversations conversations, Engine engine, AddonRegistry addons)
    {
        (this.files, this.conversations, this.engine, this.addons) = (files, conversations, engine, addons);
        grammars = new(conversations.Of(null).Text.Tokenizer, engine.VocabularySize);
    }

    /// <summary>Loads the model and every adapter.</summary>
    /// <exception cref="InvalidDataException">A file is unsound, or an adapter is not the one that the deployment names.</exception>
    public static EngineModel Load(ReplicaSpec spec)
    {
        var files = ModelFiles.Open(spec.ModelPath);
        var reading = Task.Run(() => Conversations.Load(files, spec)); // a vocabulary takes longer to read than mapped weights
        var runner = ModelRunner.Load(files, new ModelRunnerOptions { MaxContext = spec.MaxContextLength }, PackedStore.Default);
        Console.Error.WriteLine(runner.Weights);
        var engine = new Engine(runner, new EngineOptions { EosTokenIds = files.Configuration.EosTokenIds, NgramDrafts = spec.NgramSpeculationLength });
        var addons = new AddonRegistry();
        foreach (var addon in spec.Addons) addons.Set(LoadAddon(addon, files.Configuration));
        var conversations = reading.GetAwaiter().GetResult();
        files.CloseWeights();
        return new EngineModel(files, conversations, engine, addons);
    }

    public IReadOnlyList<string> AddonHashes => addons.Hashes;

    public ReplicaFigures Figures => EngineFigures.Of(engine.Metrics);

    public async IAsyncEnumerable<GenerationEvent> GenerateAsync(GenerationRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var grammar = await grammars.OfAsync(request, cancellationToken);
        var handle = Submit(OptionsOf(request) with { Grammar = grammar }, cancellationToken);
        await foreach (var generated in new GenerationStream(handle, conversations.Of(null).Text.Tokenizer, request).ReadAsync(cancellationToken)) yield return generated;
    }

    private GenerationHandle Submit(GenerationOptions options, CancellationToken cancellationToken)
    {
        try
        {
            return engine.Submit(options, cancellationToken);
        }
        catch (GenerationException e)
        {
            throw ReplicaFaults.Of(e);
        }
    }

    public void Dispose()
    {
        engine.Dispose();
        addons.Dispose();
        files.Dispose();
    }

    private static Addon LoadAddon(AddonSpec spec, ModelConfiguration configuration)
    {
        var addon = Addon.Load(spec.ModelName, spec.AdapterPath, configuration);
        return addon.Hash == spec.Hash
            ? addon
            : throw new InvalidDataException($"The adapter {spec.ModelName} in {spec.AdapterPath} has the hash {addon.Hash}, expected {spec.Hash}: its file was changed.");
    }

    private GenerationOptions OptionsOf(GenerationRequest request) => new()
    {
        PromptTokenIds = RequestPrompt.Of(request, conversations.Of(request.Addon)),
        Addon = AddonOf(request),
        Account = request.Account,
        IsolationKey = request.IsolationKey,
        IsUrgent = request.IsUrgent,
        MaxTokens = request.MaxTokens,
        IgnoreEos = request.IgnoreEos,
        PredictedTokenIds = RequestPrompt.PredictionOf(request, conversations.Of(request.Addon)),
        Choices = request.N,
        TopLogprobs = request.TopLogprobs ?? 0,
        PromptLogprobs = request is { EchoLast: > 0, TopLogprobs: not null },
        ErrorOnContextOverflow = request.ErrorOnContextOverflow,
        Sampling = RequestSampling.Of(request, files.Generation ?? new()),
    };

    /// <summary>Loud, never the base model: a request for an adapter that is not held is refused.</summary>
    private Addon? AddonOf(GenerationRequest request)
    {
        if (request.Addon is not { } name) return null;
        if (!addons.TryGet(name, out var addon))
            throw new ReplicaRequestException("NOT_FOUND", $"This replica does not hold the adapter {name}.");
        if (request.AddonHash is { } hash && hash != addon.Hash)
            throw new ReplicaRequestException("FAILED_PRECONDITION", $"This replica holds another version of the adapter {name}.");
        return addon;
    }
}
