using System.Text;

namespace Hearth.ControlPlane;

/// <summary>The verbs on evaluators. Code is looked through and kept; this version has no sandbox to run it in, and says so in the status.</summary>
public sealed class Evaluators(ResourceStore resources, IBlobs blobs, ResourceMailbox mailbox, Uploads uploads)
{
    private const string NotRun =
        "The code was checked and kept. This version of the server does not run evaluators: it has no sandbox yet. Jobs may name the evaluator; they fail with UNIMPLEMENTED.";

    private const string Waits = "waits for its code: ask :getUploadEndpoint for an address, PUT the .tar.gz there, then call :validateUpload";

    public async ValueTask<Stored<EvaluatorRecord>> CreateAsync(Caller caller, ResourceName name, EvaluatorDraft draft, CancellationToken cancellationToken)
    {
        await CheckAsync(draft, name.Account, cancellationToken);
        var blank = new EvaluatorRecord { CreatedBy = caller.Email };
        if (draft.Criteria.Count == 0)
            return await resources.CreateAsync<EvaluatorRecord>(caller, resources.NewRow(name, EvaluatorRecord.Building, Waiting(With(blank, draft))), cancellationToken);
        return await KeepTextAsync(caller, "create", draft, resources.NewRow(name, "", blank), cancellationToken);
    }

    /// <summary>Other code or another entry point is looked through anew.</summary>
    /// <param name="prepare">New code is about to be uploaded: the evaluator cannot be used until it is there.</param>
    public async ValueTask<Stored<EvaluatorRecord>> UpdateAsync(
        Caller caller, ResourceName name, Func<EvaluatorRecord, EvaluatorDraft> update, bool prepare, CancellationToken cancellationToken)
    {
        var seen = await resources.GetAsync<EvaluatorRecord>(name, cancellationToken);
        var draft = update(seen.Value);
        await CheckAsync(draft, name.Account, cancellationToken);
        if (draft.Criteria.Count > 0) return await KeepTextAsync(caller, "update", draft, seen.Row, cancellationToken);
        var record = With(seen.Value, draft);
        if (prepare) return await WriteAsync(caller, "update", seen.Row, Waiting(record), EvaluatorRecord.Building, null, cancellationToken);
        if (draft.EntryPoint == seen.Value.EntryPoint || ArchiveOf(seen.Value) is not { } archive)
            return await WriteAsync(caller, "update", seen.Row, record, seen.Row.State, null, cancellationToken);
        var check = await LookThroughAsync(archive, draft.EntryPoint, cancellationToken);
        return await WriteAsync(caller, "update", seen.Row, Looked(record, check), EvaluatorRecord.BuildFailed, check.Log, cancellationToken);
    }

    public async ValueTask<IReadOnlyList<Stored<UploadRecord>>> OfferUploadsAsync(
        Caller caller, ResourceName name, IReadOnlyDictionary<string, long> filenameToSize, CancellationToken cancellationToken)
    {
        await resources.GetAsync<EvaluatorRecord>(name, cancellationToken);
        if (filenameToSize.Count != 1 || !IsArchive(filenameToSize.Keys.Single()))
            throw HearthException.Invalid("filenameToSize must name one .tar.gz archive of the project's folder, with its size in bytes.");
        return await uploads.OfferAsync(caller, name, filenameToSize, cancellationToken);
    }

    /// <summary>Looks through the archive that landed and takes it.</summary>
    /// <exception cref="HearthException">It is missing, or has faults: they are in the build log too, and nothing of it is kept.</exception>
    public async ValueTask ValidateUploadAsync(Caller caller, ResourceName name, CancellationToken cancellationToken)
    {
        var seen = await resources.GetAsync<EvaluatorRecord>(name, cancellationToken);
        if (seen.Value.HasCode && (await uploads.ListAsync(name, cancellationToken)).Count == 0) return;
        var landed = (await uploads.TakeAsync(name, cancellationToken)).Files;
        if (landed.Count > 1) throw HearthException.Precondition($"{name} has {landed.Count} files. Upload one .tar.gz archive: delete the evaluator, or ask :getUploadEndpoint again.");
        var file = landed[0].Value;
        var check = await LookThroughAsync(file.Blob, seen.Value.EntryPoint, cancellationToken);
        var kept = check.IsGood ? new Dictionary<string, string> { [file.FileName] = file.Blob } : seen.Value.Sources;
        await WriteAsync(caller, "validateUpload", seen.Row, Looked(seen.Value with { Sources = kept }, check), EvaluatorRecord.BuildFailed, check.Log, cancellationToken, async change =>
        {
            var taken = await uploads.TakeAsync(name, cancellationToken);
            if (taken.Files.Count != 1 || taken.Files[0].Value.Blob != file.Blob) throw new HearthException(ErrorCode.Aborted, $"The files of {name} changed while they were checked. Ask again.");
            if (check.IsGood) taken.Adopt(change);
            else taken.Discard(change, resources.Now);
        });
        if (!check.IsGood) throw HearthException.Invalid(string.Join(" ", check.Faults));
    }

    public ValueTask<bool> DeleteAsync(Caller caller, ResourceName name, CancellationToken cancellationToken) =>
        resources.VerbAsync(caller, "delete", name, async (change, cancel) =>
        {
            var evaluator = await resources.GetAsync<EvaluatorRecord>(name, cancel);
            change.Delete(evaluator.Row);
            await uploads.DropAllAsync(change, name, cancel);
            foreach (var blob in evaluator.Value.Blobs()) change.Send(OutboxHandlers.DeleteBlob(name, blob, resources.Now));
            return true;
        }, cancellationToken);

    private async ValueTask CheckAsync(EvaluatorDraft draft, string account, CancellationToken cancellationToken)
    {
        if (CodeCheck.FaultOf(draft.EntryPoint) is { } fault) throw new HearthException(ErrorCode.InvalidArgument, fault) { Param = "entryPoint" };
        if (draft.DefaultDataset == "") return;
        var dataset = ResourceName.Resolve(draft.DefaultDataset, account, ResourceKind.Datasets);
        if (dataset.Account != account) throw HearthException.NotFound(dataset.Value);
        await resources.GetAsync<DatasetRecord>(dataset, cancellationToken);
    }

    /// <summary>Faults of text are the request's: nothing is kept.</summary>
    private async ValueTask<Stored<EvaluatorRecord>> KeepTextAsync(Caller caller, string method, EvaluatorDraft draft, ResourceRow row, CancellationToken cancellationToken)
    {
        var check = CodeText.Check(draft.Criteria);
        if (!check.IsGood) throw HearthException.Invalid(string.Join(" ", check.Faults));
        // One criterion's files have their own names; of several each lies below the criterion's.
        var files = draft.Criteria.SelectMany(criterion => criterion.Files.Select(file => (Name: draft.Criteria.Count == 1 ? file.Key : $"{criterion.Name}/{file.Key}", Text: file.Value)));
        return await WriteAsync(
            caller, method, row, Looked(With(Records.Read<EvaluatorRecord>(row.Json), draft), check), EvaluatorRecord.BuildFailed, check.Log, cancellationToken, texts: [.. files]);
    }

    private ValueTask<CodeCheck> LookThroughAsync(string blob, string entryPoint, CancellationToken cancellationToken) => new(Task.Run(() =>
    {
        using var archive = File.OpenRead(blobs.PathOf(blob));
        return CodeArchive.Check(archive, archive.Length, entryPoint, cancellationToken);
    }, cancellationToken));

    /// <summary>Publishes the log and the texts, and writes the row that names them, unless it changed since it was seen.</summary>
    private async ValueTask<Stored<EvaluatorRecord>> WriteAsync(
        Caller caller, string method, ResourceRow seen, EvaluatorRecord record, string state, string? log, CancellationToken cancellationToken,
        Func<Change, ValueTask>? beside = null, IReadOnlyList<(string Name, string Text)>? texts = null) =>
        await mailbox.RunAsync(OutboxHandlers.BlobsMailbox, async cancel =>
        {
            if (log is not null) record = record with { LogBlob = await PublishAsync(log + record.StatusMessage + "\n", cancel) };
            if (texts is not null)
            {
                var sources = new Dictionary<string, string>();
                foreach (var (name, text) in texts) sources[name] = await PublishAsync(text, cancel);
                record = record with { Sources = sources };
            }
            return await resources.VerbAsync(caller, method, seen.Name, async (change, inner) =>
            {
                var current = seen.Version == 0 ? null : await resources.GetAsync<EvaluatorRecord>(seen.Name, inner);
                if (current is not null && current.Row.Version != seen.Version) throw new VersionConflictException(seen.Name.Value);
                var next = new Stored<EvaluatorRecord>(seen, record).With(record, state, resources.Now) with { References = [.. record.Blobs().Select(blob => $"blobs/{blob}")] };
                _ = current is null ? change.Insert(next) : change.Update(next);
                foreach (var blob in current?.Value.Blobs().Except(record.Blobs()) ?? []) change.Send(OutboxHandlers.DeleteBlob(seen.Name, blob, resources.Now));
                if (beside is not null) await beside(change);
                return Records.Read<EvaluatorRecord>(next);
            }, cancel);
        }, cancellationToken);

    private async ValueTask<string> PublishAsync(string text, CancellationToken cancellationToken)
    {
        await using var draft = blobs.Begin();
        await draft.Content.WriteAsync(Encoding.UTF8.GetBytes(text), cancellationToken);
        return await draft.PublishAsync(cancellationToken);
    }

    private static EvaluatorRecord With(EvaluatorRecord record, EvaluatorDraft draft) => record with { EntryPoint = draft.EntryPoint, Echo = draft.Echo };

    private static EvaluatorRecord Waiting(EvaluatorRecord record) => record with { HasCode = false, StatusCode = ErrorCode.Ok, StatusMessage = Waits };

    private static EvaluatorRecord Looked(EvaluatorRecord record, CodeCheck check) => check.IsGood
        ? record with { HasCode = true, StatusCode = ErrorCode.Unimplemented, StatusMessage = NotRun }
        : record with { HasCode = false, StatusCode = ErrorCode.InvalidArgument, StatusMessage = string.Join(" ", check.Faults) };

    private static string? ArchiveOf(EvaluatorRecord record) => record.Sources.Where(source => IsArchive(source.Key)).Select(source => source.Value).FirstOrDefault();

    private static bool IsArchive(string file) => file.EndsWith(".tar.gz", StringComparison.OrdinalIgnoreCase) || file.EndsWith(".tgz", StringComparison.OrdinalIgnoreCase);
}
