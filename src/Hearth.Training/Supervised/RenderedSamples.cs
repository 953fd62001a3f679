using System.Text.Json;
using Hearth.Models;

namespace Hearth.Training;

/// <summary>The first rows as the model reads them: token by token, with what counts in the loss. Made for looking at.</summary>
internal static class RenderedSamples
{
    public const string FileName = "rendered_samples.jsonl";
    private const int MaxRows = 20;

    public static void Write(string runFolder, ModelText text, IReadOnlyList<TokenizedRow> rows) => AtomicFile.Write(Path.Combine(runFolder, FileName), file =>
    {
        foreach (var row in rows.Take(MaxRows))
        {
            JsonSerializer.Serialize(file, new Dictionary<string, object>
            {
                ["line"] = row.SourceLine,
                ["token_ids"] = row.TokenIds,
                ["loss_mask"] = row.LossWeights,
                ["decoded_tokens"] = row.TokenIds.Select(id => text.Tokenizer.Decode([id])),
            });
            file.WriteByte((byte)'\n');
        }
    });
}
