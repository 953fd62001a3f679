using System.Security.Cryptography;
using System.Text;

namespace Hearth.ControlPlane;

/// <summary>
/// Models of an account's own: files land one by one, a check reads them as a replica would, and what passes becomes a folder in the model store, from
/// which it is deployed and tuned like any other. What does not pass stays landed, so that only the unfit files have to be sent again.
/// </summary>
public sealed class ModelUploads(
    ResourceStore resources, IBlobs blobs, ResourceMailbox mailbox, Uploads uploads, ModelCatalogue models, IModelChecks? checks = null)
{
    private const int FaultsInStatus = 10;

    /// <summary>Opens places for the model's files.</summary>
    /// <exception cref="HearthException">The model already has its weights, or a name or size is not allowed.</exception>
    public async ValueTask<IReadOnlyList<Stored<UploadRecord>>> OfferAsync(
        Caller caller, ResourceName name, IReadOnlyDictionary<string, long> filenameToSize, CancellationToken cancellationToken)
    {
        RequireUploading(await resources.GetAsync<ModelRecord>(name, cancellationToken));
        return await uploads.OfferAsync(caller, name, filenameToSize, cancellationToken);
    }

    /// <summary>Checks what landed; the model becomes READY, or stays as it was with the faults in its status.</summary>
    /// <returns>What the caller should know although the model is fit.</returns>
    /// <exception cref="HearthException">FAILED_PRECONDITION while files are missing; INVALID_ARGUMENT naming each unfit one.</exception>
    public async ValueTask<IReadOnlyList<string>> ValidateAsync(Caller caller, ResourceName name, ModelCheckOptions options, CancellationToken cancellationToken)
    {
        var model = await resources.GetAsync<ModelRecord>(name, cancellationToken);
        if (model.Row.State == ModelRecord.Ready) return model.Value.Warnings;
        var check = checks ?? throw HearthException.Unimplemented("Checking uploaded models");
        var files = options.ConfigOnly ? await LandedAsync(name, cancellationToken) : (await uploads.TakeAsync(name, cancellationToken)).Files;
        await using var folder = await blobs.BeginFolderAsync([.. files.Select(file => (file.Value.FileName, file.Value.Blob))], cancellationToken);
        try
        {
            var fit = await CheckAsync(caller, model, check, folder.Path, files, options, cancellationToken);
            if (!options.ConfigOnly) await PublishAsync(caller, name, files, folder, fit, cancellationToken);
            return fit.Warnings;
        }
        catch (HearthException unfit) when (unfit.Code == ErrorCode.InvalidArgument && !options.ConfigOnly)
        {
            await RememberAsync(caller, name, unfit, cancellationToken);
            throw;
        }
    }

    /// <summary>The model's folder in the store and the names of its files.</summary>
    /// <exception cref="HearthException">The model is not READY, or lies outside the store.</exception>
    public async ValueTask<(string Folder, IReadOnlyList<string> Files)> FilesAsync(Caller caller, ResourceName name, CancellationToken cancellationToken)
    {
        var model = await models.GetUsableAsync(caller, name, cancellationToken);
        if (model.Row.State != ModelRecord.Ready) throw HearthException.Precondition($"{name} is {model.Row.State}. Upload and validate its files first.");
        return model.Value.StoredFolder is { Length: > 0 } folder
            ? (folder, blobs.FilesOf(folder))
            : throw HearthException.Precondition($"{name} is a base model of this server's operator, which is not handed out. Get it from its publisher.");
    }

    private async ValueTask<IReadOnlyList<Stored<UploadRecord>>> LandedAsync(ResourceName name, CancellationToken cancellationToken) =>
        [.. (await uploads.ListAsync(name, cancellationToken)).Where(file => file.Row.State == UploadRecord.Landed)];

    private async ValueTask<Fit> CheckAsync(
        Caller caller, Stored<ModelRecord> model, IModelChecks check, string folder, IReadOnlyList<Stored<UploadRecord>> files, ModelCheckOptions options, CancellationToken cancellationToken)
    {
        switch (model.Value.Kind)
        {
            case ModelRecord.BaseKind:
                var whole = await check.CheckBaseModelAsync(folder, options, cancellationToken);
                return new(whole.Facts, null, null, whole.Warnings);
            case ModelRecord.AddonKind:
                var baseModel = await BaseOfAsync(caller, model, cancellationToken);
                var adapter = await check.CheckAdapterAsync(folder, new(baseModel.Value.Path, NamesOf(baseModel)), options, cancellationToken);
                var weights = files.FirstOrDefault(file => file.Value.FileName == ModelRecord.AdapterWeights)?.Value.Blob ?? "";
                var facts = new AdapterFacts(baseModel.Name.Value, adapter.Rank, adapter.TargetModules, adapter.BaseModelType, weights, FolderName(files));
                return new(null, facts, baseModel.Name, [.. adapter.Warnings, .. Differences(model.Value, facts)]);
            default:
                throw HearthException.Unimplemented($"A model of kind {model.Value.Kind}");
        }
    }

    private async ValueTask<Stored<ModelRecord>> BaseOfAsync(Caller caller, Stored<ModelRecord> model, CancellationToken cancellationToken)
    {
        if (model.Value.ClaimedBase == "") throw HearthException.Invalid($"{model.Name} is an adapter without peftDetails.baseModel. PATCH it with the base model's name.");
        var found = await models.FindUsableAsync(caller, model.Value.ClaimedBase, cancellationToken);
        if (found.Value.IsAddon) throw HearthException.Invalid($"peftDetails.baseModel {found.Name} is an adapter itself. Name a base model.");
        return found.Row.State == ModelRecord.Ready ? found : throw HearthException.Invalid($"peftDetails.baseModel {found.Name} is {found.Row.State}. Upload its files first.");
    }

    private static IReadOnlyList<string> NamesOf(Stored<ModelRecord> model) => [model.Name.Id, Path.GetFileNameWithoutExtension(model.Value.Path), Path.GetFileName(model.Value.Path), .. model.Value.Aliases];

    private static IEnumerable<string> Differences(ModelRecord model, AdapterFacts facts)
    {
        if (model.ClaimedRank is not (null or 0) && model.ClaimedRank != facts.Rank) yield return $"peftDetails.r said {model.ClaimedRank}; the adapter's rank is {facts.Rank}.";
    }

    private async ValueTask PublishAsync(
        Caller caller, ResourceName name, IReadOnlyList<Stored<UploadRecord>> files, FolderDraft folder, Fit fit, CancellationToken cancellationToken) =>
        await mailbox.RunAsync(OutboxHandlers.BlobsMailbox, async cancel =>
        {
            var stored = FolderName(files);
            var path = await folder.PublishAsync(stored, cancel);
            return await resources.VerbAsync(caller, "validateUpload", name, async (change, inner) =>
            {
                var current = await resources.GetAsync<ModelRecord>(name, inner);
                if (current.Row.State == ModelRecord.Ready) return true; // another call was faster
                var taken = await uploads.TakeAsync(name, inner);
                if (!taken.Files.Select(file => file.Value).SequenceEqual(files.Select(file => file.Value)))
                    throw new HearthException(ErrorCode.Aborted, $"The files of {name} changed while they were checked. Ask again.");
                var ready = current.Value with { Path = path, Folder = stored, Facts = fit.Facts, Adapter = fit.Adapter, Warnings = fit.Warnings, StatusCode = ErrorCode.Ok, StatusMessage = "" };
                var row = current.With(ready, ModelRecord.Ready, resources.Now);
                change.Update(row with { References = [$"folders/{stored}", .. fit.Base is null ? Array.Empty<string>() : [fit.Base.Value]] });
                taken.Discard(change, resources.Now); // the folder has the bytes under names of its own
                return true;
            }, cancel);
        }, cancellationToken);

    private async ValueTask RememberAsync(Caller caller, ResourceName name, HearthException unfit, CancellationToken cancellationToken)
    {
        var shown = unfit.Faults.Count > FaultsInStatus ? $"{string.Join(" ", unfit.Faults.Take(FaultsInStatus).Select(fault => $"{fault.Field}: {fault.Description}"))} …" : unfit.Message;
        var current = await resources.GetAsync<ModelRecord>(name, cancellationToken);
        if (current.Row.State == ModelRecord.Ready || current.Value.StatusMessage == shown) return;
        await resources.UpdateAsync<ModelRecord>(caller, "validateUpload", name, model => model with { StatusCode = unfit.Code, StatusMessage = shown }, cancellationToken);
    }

    private static void RequireUploading(Stored<ModelRecord> model)
    {
        if (model.Row.State != ModelRecord.Uploading) throw HearthException.Precondition($"{model.Name} is READY: its weights never change. Upload to a new model.");
    }

    // Equal files have one folder, whoever uploaded them.
    private static string FolderName(IReadOnlyList<Stored<UploadRecord>> files) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(files.Select(file => $"{file.Value.FileName}\n{file.Value.Blob}\n")))));

    private sealed record Fit(ModelFacts? Facts, AdapterFacts? Adapter, ResourceName? Base, IReadOnlyList<string> Warnings);
}
