namespace Hearth.ControlPlane;

/// <summary>Reads uploaded model files as the engine would, before anything depends on them. Implemented by Hearth.Workers.</summary>
public interface IModelChecks
{
    /// <summary>A base model's folder, or a folder with one GGUF file.</summary>
    /// <exception cref="HearthException">The files are no model that this server can run: one fault for each missing or unfit file.</exception>
    ValueTask<BaseModelCheck> CheckBaseModelAsync(string folder, ModelCheckOptions options, CancellationToken cancellationToken);

    /// <exception cref="HearthException">The text is no chat template that this server can run.</exception>
    void CheckChatTemplate(string template);

    /// <summary>A LoRA adapter in PEFT's format, for the base model that it is to run on.</summary>
    /// <exception cref="HearthException">The files are no adapter that a replica of the base model can load; the faults say why.</exception>
    ValueTask<AdapterCheck> CheckAdapterAsync(string folder, AdapterBase baseModel, ModelCheckOptions options, CancellationToken cancellationToken);
}

/// <summary>What the caller of a validation asked for.</summary>
/// <param name="ConfigOnly">Only the configuration; weights may be missing.</param>
/// <param name="SkipHfConfigValidation">Names that the configuration gives are not compared.</param>
/// <param name="TrustRemoteCode">Accepted, and without effect: no code of a model is ever run.</param>
public sealed record ModelCheckOptions(bool ConfigOnly, bool SkipHfConfigValidation, bool TrustRemoteCode);

/// <summary>A base model that can be run.</summary>
/// <param name="Facts">Null where only the configuration was checked.</param>
public sealed record BaseModelCheck(ModelFacts? Facts, IReadOnlyList<string> Warnings);

/// <summary>The base model of an adapter.</summary>
/// <param name="Path">Its folder or GGUF file.</param>
/// <param name="Names">What it is known as; an adapter that names another model is refused.</param>
public sealed record AdapterBase(string Path, IReadOnlyList<string> Names);

/// <summary>An adapter that can be loaded.</summary>
/// <param name="TargetModules">Last parts of the names of the modules that it changes.</param>
public sealed record AdapterCheck(int Rank, IReadOnlyList<string> TargetModules, string BaseModelType, IReadOnlyList<string> Warnings);
