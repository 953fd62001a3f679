using System.Runtime.CompilerServices;
using Hearth.ControlPlane;
using Hearth.Inference;
using Hearth.Models;

namespace Hearth.Workers;

/// <summary>A model and its adapters in the inference engine, with the tokenizer and chat template that belong to them.</summary>
internal sealed class EngineModel : IReplicaModel, IDisposable
{
    private readonly ModelFiles files;
    private readonly ReplicaSpec spec;
    private readonly Engine engine;
    private readonly ReplicaAddons addons;
    private readonly RequestGrammar grammars;
    private volatile Conversations conversations;

    private EngineModel(ModelFiles files, ReplicaSpec spec, Engine engine, Conversations conversations)
    {
        (this.files, this.spec, this.engine, this.conversations) = (files, spec, engine, conversations);
        addons = new ReplicaAddons(files.Configuration);
        grammars = new(conversations.Of(null).Text.Tokenizer, engine.VocabularySize);
    }

    /// <summary>Loads the model and every adapter.</summary>
    /// <exception cref="InvalidDataException">A file is unsound, or an adapter is not the one that the deployment names.</exception>
    public static async Task<EngineModel> LoadAsync(ReplicaSpec spec, CancellationToken cancellationToken)
    {
        var files = ModelFiles.Open(spec.ModelPath);
        var reading = Task.Run(() => Conversations.Load(files, spec)); // a vocabulary takes longer to read than mapped weights
        var runner = ModelRunner.Load(files, new ModelRunnerOptions { MaxContext = spec.MaxContextLength }, PackedStore.Default);
        Console.Error.WriteLine(runner.Weights);
        var engine = new Engine(runner, new EngineOptions { EosTokenIds = files.Configuration.EosTokenIds, NgramDrafts = spec.NgramSpeculationLength });
        var model = new EngineModel(files, spec, engine, await reading);
        await model.SetAddonsAsync(spec.Addons, cancellationToken);
        files.CloseWeights();
        return model;
    }

    public IReadOnlyList<string> AddonHashes => addons.Hashes;

    public ReplicaFigures Figures => EngineFigures.Of(engine.Metrics);

    public async Task SetAddonsAsync(IReadOnlyList<AddonSpec> wanted, CancellationToken cancellationToken)
    {
        var next = conversations.With(files, spec with { Addons = wanted });
        await addons.SetAsync(wanted, cancellationToken);
        conversations = next;
    }

    public async IAsyncEnumerable<GenerationEvent> GenerateAsync(GenerationRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var stream = await SubmitAsync(request, cancellationToken);
        await foreach (var generated in stream.ReadAsync(cancellationToken)) yield return generated;
    }

    private async ValueTask<GenerationStream> SubmitAsync(GenerationRequest request, CancellationToken cancellationToken)
    {
        var grammar = await grammars.OfAsync(request, cancellationToken);
        using var lease = await addons.AcquireAsync(request, cancellationToken);
        try
        {
            var handle = engine.Submit(OptionsOf(request, lease?.Addon) with { Grammar = grammar }, cancellationToken);
            return new GenerationStream(handle, conversations.Of(null).Text.Tokenizer, request);
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

    private GenerationOptions OptionsOf(GenerationRequest request, Addon? addon) => new()
    {
        PromptTokenIds = RequestPrompt.Of(request, conversations.Of(request.Addon)),
        Addon = addon,
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
}
