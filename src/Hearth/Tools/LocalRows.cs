using System.Text.Json;
using Hearth.Cli;
using Hearth.Contracts;
using Hearth.ControlPlane;
using Hearth.Server;
using Hearth.Workers;

namespace Hearth;

/// <summary>Rows of files on this machine, as models on this machine read them.</summary>
internal static class LocalRows
{
    /// <summary>Shows one row of a file.</summary>
    public static async Task<int> RenderAsync(FileInfo file, long number, string modelPath, bool listTokens, bool json, CancellationToken cancellationToken)
    {
        var model = await OpenModelAsync(modelPath, cancellationToken);
        var row = RowReader.Find(file.FullName, new RowIndex(), number)
            ?? throw new CliException($"{file.Name} has no row {number}. Rows count from 1; blank lines are not rows.", ExitCodes.Usage);
        DatasetCommands.WriteRow(ToContract(file, row, modelPath, model), listTokens, json);
        return ExitCodes.Success;
    }

    /// <summary>Opens a folder's or GGUF file's tokenizer and template; <c>hearth-tiny</c> is the embedded model.</summary>
    public static async ValueTask<IModelRows> OpenModelAsync(string path, CancellationToken cancellationToken)
    {
        var isEmbedded = path == EmbeddedModel.Name && !Path.Exists(path);
        if (!isEmbedded && !Path.Exists(path))
            throw new CliException($"There is no model {path}. Give a Hugging Face folder, a GGUF file, or {EmbeddedModel.Name}.", ExitCodes.Usage);
        try
        {
            return await new RowRenderer().OpenAsync(isEmbedded ? EmbeddedModel.Folder : path, null, cancellationToken);
        }
        catch (HearthException e)
        {
            throw new CliException($"{path}: {e.Message}");
        }
    }

    public static string NameOf(string modelPath) => Path.GetFileName(Path.TrimEndingDirectorySeparator(modelPath));

    private static HearthDatasetRow ToContract(FileInfo file, DatasetRow row, string modelPath, IModelRows model)
    {
        try
        {
            return new HearthDatasetRow
            {
                Dataset = file.Name,
                Row = row.Number,
                Line = row.Line,
                Offset = row.Offset,
                Content = JsonSerializer.Deserialize<JsonElement>(row.Text),
                Model = NameOf(modelPath),
                Examples = [.. model.Render(row.Text).Select(RowExamples.ToContract)],
            };
        }
        catch (Exception e) when (e is HearthException or JsonException)
        {
            throw new CliException($"{file.Name}:{row.Line}: {e.Message}");
        }
    }
}
