namespace Hearth.ControlPlane;

/// <summary>The verbs on models.</summary>
public sealed class ModelCatalogue(ResourceStore resources, Uploads uploads)
{
    /// <summary>Account of the operator's base models: public, readable by every key.</summary>
    public const string CatalogueAccount = "fireworks";

    /// <summary>Makes a base model known, or refreshes its path and facts: start-up and <c>hearth models import</c> may repeat it.</summary>
    public ValueTask<Stored<ModelRecord>> RegisterBaseModelAsync(
        Caller caller, string id, string path, ModelFacts facts, string displayName, CancellationToken cancellationToken)
    {
        var name = ResourceName.Of(CatalogueAccount, ResourceKind.Models, ResourceName.CheckedId(id, "modelId"));
        return resources.VerbAsync(caller, "register", name, async (change, cancel) =>
        {
            var known = await resources.FindAsync<ModelRecord>(name, cancel);
            var record = (known?.Value ?? new ModelRecord { CreatedBy = caller.Email }) with
            {
                Kind = ModelRecord.BaseKind,
                Public = true,
                Path = path,
                Facts = facts,
                Echo = Records.Write(new { displayName }),
            };
            var row = known?.With(record, ModelRecord.Ready, resources.Now) ?? resources.NewRow(name, ModelRecord.Ready, record);
            _ = known is null ? change.Insert(row) : change.Update(row);
            await DeploymentShapes.AddAsync(change, resources, name, facts, cancel);
            return Records.Read<ModelRecord>(row);
        }, cancellationToken);
    }

    public ValueTask<Stored<ModelRecord>> CreateAsync(Caller caller, ResourceName name, ModelRecord model, CancellationToken cancellationToken) =>
        resources.CreateAsync<ModelRecord>(caller, resources.NewRow(name, ModelRecord.Uploading, model with { CreatedBy = caller.Email }), cancellationToken);

    public ValueTask<Stored<ModelRecord>> UpdateAsync(
        Caller caller, ResourceName name, Func<ModelRecord, ModelRecord> update, CancellationToken cancellationToken) =>
        resources.UpdateAsync(caller, "update", name, update, cancellationToken);

    public ValueTask<bool> DeleteAsync(Caller caller, ResourceName name, CancellationToken cancellationToken) =>
        resources.VerbAsync(caller, "delete", name, async (change, cancel) =>
        {
            var model = await resources.GetAsync<ModelRecord>(name, cancel);
            change.Delete(model.Row);
            await uploads.DropAllAsync(change, name, cancel);
            if (model.Value.StoredFolder is { Length: > 0 } folder) change.Send(OutboxHandlers.DeleteFolder(name, folder, resources.Now));
            return true;
        }, cancellationToken);

    /// <summary>A model that <paramref name="caller"/> may use: its own account's, or a public one.</summary>
    /// <exception cref="HearthException">There is none.</exception>
    public async ValueTask<Stored<ModelRecord>> GetUsableAsync(Caller caller, ResourceName name, CancellationToken cancellationToken)
    {
        var model = await resources.FindAsync<ModelRecord>(name, cancellationToken);
        return model is not null && (model.Value.Public || name.Account == caller.Account) ? model : throw HearthException.NotFound(name.Value);
    }

    /// <summary>Base models may be named by their bare id: own account first, then the catalogue.</summary>
    public async ValueTask<Stored<ModelRecord>> FindUsableAsync(Caller caller, string text, CancellationToken cancellationToken)
    {
        var own = ResourceName.Resolve(Expanded(text), caller.Account, ResourceKind.Models);
        if (text.Contains('/') || await resources.FindAsync<ModelRecord>(own, cancellationToken) is not null)
            return await GetUsableAsync(caller, own, cancellationToken);
        return await GetUsableAsync(caller, ResourceName.Of(CatalogueAccount, ResourceKind.Models, text), cancellationToken);
    }

    /// <summary><c>account/model</c> is short for <c>accounts/account/models/model</c>.</summary>
    public static string Expanded(string text)
    {
        var parts = text.Split('/');
        return parts.Length == 2 && parts[0] != "accounts" ? $"accounts/{parts[0]}/models/{parts[1]}" : text;
    }
}
