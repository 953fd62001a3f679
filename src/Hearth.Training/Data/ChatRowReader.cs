using Hearth.Models;
using Hearth.Tokenization;

namespace Hearth.Training;

/// <summary>
/// Renders a file of chat rows, or of completions, to tokens and loss weights, and refuses the run before step 1 where a row would teach something wrong: an empty
/// mask, an answer that does not fit, a stop token that no row trains, a doubled start token. All faults are reported together.
/// </summary>
public sealed class ChatRowReader
{
    private const int FaultsInMessage = 10;

    private readonly RowTokenizer _rows;
    private readonly int _contextLength;
    private readonly int? _startToken;
    private readonly IReadOnlyList<int> _stopTokens;

    private ChatRowReader(RowTokenizer rows, ModelConfiguration configuration, int contextLength)
    {
        _rows = rows;
        _contextLength = contextLength;
        _startToken = configuration.BosTokenId;
        _stopTokens = configuration.EosTokenIds;
    }

    /// <summary>A reader with the model's own tokenizer, and its template unless <paramref name="chatTemplate"/> replaces it.</summary>
    public static ChatRowReader For(ModelFiles files, string? chatTemplate, int contextLength) =>
        new(new RowTokenizer(ModelText.Load(files, chatTemplate), files.Configuration), files.Configuration, contextLength);

    /// <summary>All rows of a JSON Lines file; blank lines are passed over.</summary>
    /// <exception cref="TrainingException">Some rows are unfit; the message lists the first ten with their lines.</exception>
    public IReadOnlyList<TokenizedRow> ReadFile(string path)
    {
        var rows = new List<TokenizedRow>();
        var faults = new List<string>();
        int line = 0;
        foreach (string text in File.ReadLines(path))
        {
            line++;
            if (string.IsNullOrWhiteSpace(text)) continue;
            try
            {
                rows.AddRange(Read(text, line));
            }
            catch (ChatRowException fault)
            {
                faults.Add($"line {line}: {fault.Message}");
            }
            catch (TrainingException fault)
            {
                faults.Add(fault.Message);
            }
        }
        if (faults.Count > 0)
            throw new TrainingException($"{faults.Count} of {faults.Count + rows.Count} rows cannot be trained on. {string.Join(" ", faults.Take(FaultsInMessage))}");
        if (rows.Count == 0) throw new TrainingException("The dataset has no rows.");
        RequireTrainedStop(rows);
        return rows;
    }

    // A row of weight 0 is passed over: its owner asked for that.
    private IEnumerable<TokenizedRow> Read(string text, int line) =>
        _rows.ReadTrained(text).Where(example => example.Weight > 0).Select(example => Checked(example, line)).ToList();

    private TokenizedRow Checked(RowExample row, int line)
    {
        var example = row.Tokens;
        if (example.Ids.Length > _contextLength)
            throw new TrainingException($"line {line}: the row has {example.Ids.Length} tokens, above the context of {_contextLength}; its answer would be cut. Raise maxContextLength or shorten the row.");
        if (_startToken is { } start && example.Ids.Length > 1 && example.Ids[0] == start && example.Ids[1] == start)
            throw new TrainingException($"line {line}: the row begins with two start tokens; the chat template writes one that the tokenizer adds again.");
        if (example.TrainedTokens == 0)
            throw new TrainingException($"line {line}: no token of the row is trained. Give an assistant message text and weight 1.");
        var weight = (float)row.Weight;
        return new TokenizedRow(example.Ids, [.. example.LossMask.Select(trained => trained ? weight : 0f)], line);
    }

    // A model that never sees its stop token as a target talks on for ever.
    private void RequireTrainedStop(List<TokenizedRow> rows)
    {
        if (_stopTokens.Count == 0) return;
        foreach (var row in rows)
            for (int t = 1; t < row.TokenIds.Length; t++)
                if (row.LossWeights[t] != 0 && _stopTokens.Contains(row.TokenIds[t])) return;
        throw new TrainingException($"No row trains one of the model's stop tokens ({string.Join(", ", _stopTokens)}): the tuned model would not end its answers. The chat template must close the assistant's turn with one of them.");
    }
}
