using Hearth.ControlPlane;
using Hearth.Models;
using Hearth.Tokenization;

namespace Hearth.Workers;

/// <summary>Checks uploaded files by reading them with the code that serves and trains: what passes here loads there.</summary>
public sealed class ModelChecks(IModelProbe probe) : IModelChecks
{
    /// <inheritdoc/>
    public async ValueTask<BaseModelCheck> CheckBaseModelAsync(string folder, ModelCheckOptions options, CancellationToken cancellationToken)
    {
        var check = new BaseModelFiles(folder);
        await Task.Run(() => check.Run(options), cancellationToken);
        check.Faults.ThrowIfAny("The files are no model that this server can run");
        if (options.ConfigOnly) return new(null, check.Warnings);
        var facts = await ProbeAsync(folder, cancellationToken);
        if (!facts.HasChatTemplate)
            check.Warnings.Add("The model has no chat template (chat_template in tokenizer_config.json, or chat_template.jinja): chat completions are unavailable, text completions work.");
        return new(facts, check.Warnings);
    }

    /// <inheritdoc/>
    public async ValueTask<AdapterCheck> CheckAdapterAsync(string folder, AdapterBase baseModel, ModelCheckOptions options, CancellationToken cancellationToken)
    {
        var check = new AdapterUploadFiles(folder, baseModel);
        return await Task.Run(() => check.Run(options), cancellationToken);
    }

    /// <inheritdoc/>
    public void CheckChatTemplate(string template)
    {
        try
        {
            ChatTemplate.Parse(template);
        }
        catch (Exception unfit) when (unfit is ChatTemplateException or InvalidDataException or NotSupportedException)
        {
            throw HearthException.Invalid($"conversationConfig.template is no chat template that this server can run: {unfit.Message}");
        }
    }

    private async ValueTask<ModelFacts> ProbeAsync(string folder, CancellationToken cancellationToken)
    {
        try
        {
            return await probe.ProbeAsync(folder, cancellationToken);
        }
        catch (HearthException unfit)
        {
            throw new HearthException(unfit.Code, unfit.Message.Replace(folder, "The upload", StringComparison.Ordinal)); // paths are the operator's
        }
    }

    /// <summary>Warnings about what was asked for and has no effect.</summary>
    internal static IEnumerable<string> WarningsOf(ModelCheckOptions options, string folder)
    {
        if (options.TrustRemoteCode) yield return "trustRemoteCode has no effect: no code that comes with a model is ever run.";
        foreach (var code in Directory.EnumerateFiles(folder, "*.py").Select(Path.GetFileName).Order(StringComparer.Ordinal)) yield return $"{code} is kept and never run.";
    }
}

/// <summary>Faults by file, all of them told at once.</summary>
internal sealed class FileFaults
{
    private readonly List<FieldFault> _faults = [];

    public bool Any => _faults.Count > 0;

    public void Add(string file, string fault) => _faults.Add(new(file, fault));

    /// <summary>Runs a check whose failures are about one file.</summary>
    public void Try(string file, Action check)
    {
        try
        {
            check();
        }
        catch (Exception unfit) when (Describe(unfit) is not null)
        {
            Add(file, Describe(unfit)!);
        }
    }

    public void ThrowIfAny(string what)
    {
        if (!Any) return;
        throw new HearthException(ErrorCode.InvalidArgument, $"{what}. {string.Join(" ", _faults.Select(fault => $"{fault.Field}: {fault.Description}"))}") { Faults = _faults };
    }

    /// <summary>What an uploader may read of a failure; null for failures that are not the files'.</summary>
    public static string? Describe(Exception failure) => failure switch
    {
        InvalidDataException or NotSupportedException or FileNotFoundException or ChatTemplateException => failure.Message,
        IOException => "The file cannot be read. Send it again.", // messages of the system name paths
        _ => null,
    };
}
