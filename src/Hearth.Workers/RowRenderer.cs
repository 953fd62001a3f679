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
    private readonly List<(string Path, DateTime Written, IModelRows Rows)> _open = [];

    /// <inheritdoc/>
    public async ValueTask<IModelRows> OpenAsync(string modelPath, CancellationToken cancellationToken)
    {
        var written = Directory.Exists(modelPath) ? Directory.GetLastWriteTimeUtc(modelPath) : File.GetLastWriteTimeUtc(modelPath);
        if (Find(modelPath, written) is { } known) return known;
        var opened = await Task.Run(() => Open(modelPath), cancellationToken);
        Keep(modelPath, written, opened);
        return opened;
    }

    private static ModelRows Open(string path)
    {
        try
        {
            using var files = ModelFiles.Open(path);
            return new ModelRows(new RowTokenizer(ModelText.Load(files), files.Configuration), files.Configuration.MaxPositions);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or NotSupportedException or ChatTemplateException)
        {
            // Messages of the file system name paths, which users never see.
            throw HearthException.Precondition($"The model's tokenizer cannot be read: {(e is IOException ? "a file is missing or unreadable" : e.Message)}");
        }
    }

    private IModelRows? Find(string path, DateTime written)
    {
        lock (_lock) return _open.Find(entry => entry.Path == path && entry.Written == written).Rows;
    }

    private void Keep(string path, DateTime written, IModelRows rows)
    {
        lock (_lock)
        {
            _open.RemoveAll(entry => entry.Path == path);
            _open.Add((path, written, rows));
            if (_open.Count > Kept) _open.RemoveAt(0);
        }
    }

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
