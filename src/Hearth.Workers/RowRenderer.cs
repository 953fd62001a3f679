using System.Text;
using Hearth.ControlPlane;
using Hearth.Models;
using Hearth.Tokenization;

namespace Hearth.Workers;

/// <summary>Shows and counts rows with the code that trains on them. The texts of the models used last stay open.</summary>
public sealed class RowRenderer : IRowRenderer
{
    private const int Kept = 2;

    private readonly Lock _lock = new();
    private readonly List<(Key Key, IModelRows Rows)> _open = [];

    /// <inheritdoc/>
    public async ValueTask<IModelRows> OpenAsync(string modelPath, string? chatTemplate, CancellationToken cancellationToken)
    {
        var written = Directory.Exists(modelPath) ? Directory.GetLastWriteTimeUtc(modelPath) : File.GetLastWriteTimeUtc(modelPath);
        var key = new Key(modelPath, written, chatTemplate);
        if (Find(key) is { } known) return known;
        var opened = await Task.Run(() => Open(modelPath, chatTemplate), cancellationToken);
        Keep(key, opened);
        return opened;
    }

    private static ModelRows Open(string path, string? chatTemplate)
    {
        try
        {
            using var files = ModelFiles.Open(path);
            return new ModelRows(new RowTokenizer(ModelText.Load(files, chatTemplate), files.Configuration), files.Configuration.MaxPositions);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or NotSupportedException or ChatTemplateException)
        {
            // Messages of the file system name paths, which users never see.
            throw HearthException.Precondition($"The model's tokenizer cannot be read: {(e is IOException ? "a file is missing or unreadable" : e.Message)}");
        }
    }

    private IModelRows? Find(Key key)
    {
        lock (_lock) return _open.Find(entry => entry.Key == key).Rows;
    }

    private void Keep(Key key, IModelRows rows)
    {
        lock (_lock)
        {
            _open.RemoveAll(entry => entry.Key == key);
            _open.Add((key, rows));
            if (_open.Count > Kept) _open.RemoveAt(0);
        }
    }

    private sealed record Key(string Path, DateTime Written, string? ChatTemplate);

    private sealed class ModelRows(RowTokenizer rows, int contextLength) : IModelRows
    {
        public int ContextLength => contextLength;

        public IReadOnlyList<RenderedExample> Render(string row)
        {
            try
            {
                return [.. rows.Read(row).Select(Rendered)];
            }
            catch (Exception e) when (e is ChatRowException or InvalidDataException)
            {
                throw HearthException.Invalid(e.Message);
            }
        }

        public RowLength Measure(string row)
        {
            try
            {
                var examples = rows.Read(row);
                return new(
                    examples.Sum(example => example.Tokens.Ids.Length),
                    examples.Sum(example => example.Weight > 0 ? example.Tokens.TrainedTokens : 0),
                    examples.Max(example => example.Tokens.Ids.Length));
            }
            catch (Exception e) when (e is ChatRowException or InvalidDataException)
            {
                return new(0, 0, 0, e.Message);
            }
        }

        private static RenderedExample Rendered(RowExample example) => new()
        {
            Name = example.Name,
            Text = example.Tokens.Text,
            Tokens = Pieces(example.Tokens),
            TokenIds = example.Tokens.Ids,
            LossMask = [.. example.Tokens.LossMask.Select(isTrained => isTrained ? 1 : 0)],
            Weight = example.Weight,
        };

        // A character of several tokens is told with the first of them.
        private static List<string> Pieces(MaskedExample example)
        {
            var runes = example.Text.EnumerateRunes().ToArray();
            var pieces = new List<string>(example.Ids.Length);
            var at = 0;
            foreach (var range in example.Ranges)
            {
                var piece = new StringBuilder();
                for (at = Math.Max(at, range.Start); at < range.End; at++) piece.Append(runes[at].ToString());
                pieces.Add(piece.ToString());
            }
            return pieces;
        }
    }
}
