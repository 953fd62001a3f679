namespace Hearth.ControlPlane;

/// <summary>
/// The two files that a job writes in its run folder. Bytes are on the disk before the row that counts them is committed; whatever lies
/// beyond the committed offsets is of a crash and is cut off (rule R10).
/// </summary>
internal sealed class BatchOutput : IDisposable
{
    public const string AnswersFile = "BIJOutputSet.jsonl";
    public const string ErrorsFile = "error-data";

    private readonly FileStream _answers, _errors;

    /// <summary>Opens the files and cuts them to what counts.</summary>
    public BatchOutput(string folder, BatchProgress progress)
    {
        _answers = Open(Path.Combine(folder, AnswersFile), progress.OutputOffset);
        _errors = Open(Path.Combine(folder, ErrorsFile), progress.ErrorOffset);
        Durability.SyncFolder(folder);
    }

    /// <summary>Writes the answers' lines durably and returns both files' new lengths.</summary>
    public async ValueTask<(long OutputOffset, long ErrorOffset)> AppendAsync(IReadOnlyList<BatchAnswer> answers, CancellationToken cancellationToken)
    {
        await AppendAsync(_answers, answers.Where(answer => !answer.Failed), cancellationToken);
        await AppendAsync(_errors, answers.Where(answer => answer.Failed), cancellationToken);
        return (_answers.Position, _errors.Position);
    }

    public void Dispose()
    {
        _answers.Dispose();
        _errors.Dispose();
    }

    private static async ValueTask AppendAsync(FileStream file, IEnumerable<BatchAnswer> answers, CancellationToken cancellationToken)
    {
        var before = file.Position;
        foreach (var answer in answers)
        {
            await file.WriteAsync(answer.Line, cancellationToken);
            file.WriteByte((byte)'\n');
        }
        if (file.Position > before) file.Flush(flushToDisk: true);
    }

    private static FileStream Open(string path, long offset)
    {
        var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, 1 << 16);
        if (file.Length < offset)
        {
            file.Dispose();
            throw new InvalidDataException($"{Path.GetFileName(path)} is shorter than what was written to it: its bytes were lost. Create the job again.");
        }
        file.SetLength(offset);
        file.Position = offset;
        return file;
    }
}
