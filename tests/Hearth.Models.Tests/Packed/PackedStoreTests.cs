using Hearth.Numerics;
using Hearth.TestKit;
using Xunit;

namespace Hearth.Models.Tests;

/// <summary>Weights are packed once into a file that is whole or absent, trusted only where it is sound, and removed when it is of no use.</summary>
[Trait("Category", "Fixtures")]
public sealed class PackedStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ComputePool _pool = new(2);

    private string StoreFolder => Path.Combine(_folder.Path, "data", "packed");

    private PackedStore Store => new(StoreFolder);

    public void Dispose()
    {
        _pool.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void The_second_load_maps_what_the_first_one_made()
    {
        var (first, made) = LogitsOf(SmallModel.Original);
        Assert.True(made.WasMade);
        Assert.Equal(made.PackedFile, Assert.Single(Directory.GetFiles(StoreFolder)));
        var written = File.GetLastWriteTimeUtc(made.PackedFile!);
        var (second, mapped) = LogitsOf(SmallModel.Original);
        Assert.False(mapped.WasMade);
        Assert.Equal(made with { WasMade = false }, mapped);
        Assert.Equal(written, File.GetLastWriteTimeUtc(mapped.PackedFile!));
        TensorComparison.RequireEqualBits("mapped", first, second);
        TensorComparison.RequireEqualBits("in memory", LogitsOf(SmallModel.Original, inMemory: true).Logits, second);
    }

    [Fact]
    public void A_loaded_model_needs_its_published_files_no_more()
    {
        var source = SmallModel.Copy(Path.Combine(_folder.Path, "model"));
        var files = ModelFiles.Open(source);
        using var model = TransformerModel.Load(files, Store);
        files.CloseWeights();
        Directory.Delete(source, recursive: true);
        File.Delete(model.Weights!.PackedFile!); // unlinked while it is mapped
        TensorComparison.RequireEqualBits("after removal", LogitsOf(SmallModel.Original, inMemory: true).Logits, Logits(model));
        Assert.Throws<ObjectDisposedException>(() => files.Get("model.norm.weight").ToFloat32());
    }

    [Theory]
    [InlineData(0L), InlineData(9L), InlineData(20L), InlineData(40L), InlineData(70L), InlineData(120L), InlineData(140L), InlineData(700L)]
    public void A_damaged_file_is_made_anew(long position)
    {
        var (expected, report) = LogitsOf(SmallModel.Original);
        using (var file = new FileStream(report.PackedFile!, FileMode.Open, FileAccess.ReadWrite))
        {
            file.Position = position;
            int old = file.ReadByte();
            file.Position = position;
            file.WriteByte((byte)(old ^ 0x10));
        }
        var (actual, again) = LogitsOf(SmallModel.Original);
        Assert.True(again.WasMade);
        TensorComparison.RequireEqualBits("made anew", expected, actual);
    }

    [Theory]
    [InlineData(0L), InlineData(100L), InlineData(128L), InlineData(5000L), InlineData(-1L)]
    public void A_cut_file_is_made_anew(long length)
    {
        var (expected, report) = LogitsOf(SmallModel.Original);
        using (var file = new FileStream(report.PackedFile!, FileMode.Open, FileAccess.ReadWrite)) file.SetLength(length < 0 ? file.Length + length : length);
        var (actual, again) = LogitsOf(SmallModel.Original);
        Assert.True(again.WasMade);
        TensorComparison.RequireEqualBits("made anew", expected, actual);
    }

    [Fact]
    public void A_file_of_another_layout_is_not_used_and_is_swept_away()
    {
        var (_, report) = LogitsOf(SmallModel.Original);
        var bytes = File.ReadAllBytes(report.PackedFile!);
        bytes[12]++; // the layout version, with a sound hash over it
        System.Security.Cryptography.SHA256.HashData(bytes.AsSpan(0, 96), bytes.AsSpan(96));
        File.WriteAllBytes(report.PackedFile!, bytes);
        Assert.True(LogitsOf(SmallModel.Original).Report.WasMade);
        File.WriteAllBytes(Path.Combine(StoreFolder, "v0-of-old.packed"), bytes);
        Store.Sweep();
        Assert.Equal(report.PackedFile, Assert.Single(Directory.GetFiles(StoreFolder)));
    }

    [Fact]
    public void Changed_weights_have_another_file_and_the_old_one_goes()
    {
        var source = SmallModel.Copy(Path.Combine(_folder.Path, "model"));
        var first = LogitsOf(source);
        var weights = Path.Combine(source, "model.safetensors");
        var time = File.GetLastWriteTimeUtc(weights);
        var bytes = File.ReadAllBytes(weights);
        bytes[^2] ^= 1;
        File.WriteAllBytes(weights, bytes);
        File.SetLastWriteTimeUtc(weights, time); // a tool that restores times does not hide it
        var second = LogitsOf(source);
        Assert.True(second.Report.WasMade);
        Assert.NotEqual(first.Report.PackedFile, second.Report.PackedFile);
        Assert.Equal(second.Report.PackedFile, Assert.Single(Directory.GetFiles(StoreFolder)));
    }

    [Fact]
    public void A_touched_file_is_packed_again_whatever_its_samples()
    {
        var source = SmallModel.Copy(Path.Combine(_folder.Path, "model"));
        LogitsOf(source);
        File.SetLastWriteTimeUtc(Path.Combine(source, "model.safetensors"), new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        Assert.True(LogitsOf(source).Report.WasMade);
    }

    [Fact]
    public void Files_of_models_that_are_gone_and_what_dead_makers_left_are_swept_away()
    {
        var source = SmallModel.Copy(Path.Combine(_folder.Path, "model"));
        var gone = LogitsOf(source).Report.PackedFile;
        var stays = LogitsOf(SmallModel.Original).Report.PackedFile;
        var (dead, busy) = (Path.Combine(StoreFolder, "a.tmp"), Path.Combine(StoreFolder, "b.tmp"));
        File.WriteAllText(dead, "half");
        File.WriteAllText(busy, "half");
        File.SetLastWriteTimeUtc(dead, DateTime.UtcNow.AddHours(-2));
        Directory.Delete(source, recursive: true);
        Store.Sweep();
        Assert.False(File.Exists(gone));
        Assert.Equal([busy, stays], Directory.GetFiles(StoreFolder).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Many_makers_at_once_leave_one_sound_file()
    {
        var reports = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            using var files = ModelFiles.Open(SmallModel.Original);
            using var model = TransformerModel.Load(files, Store);
            return model.Weights!;
        })));
        Assert.All(reports, report => Assert.Null(report.Warning));
        Assert.Equal(reports[0].PackedFile, Assert.Single(Directory.GetFiles(StoreFolder)));
        Assert.False(LogitsOf(SmallModel.Original).Report.WasMade);
    }

    [Fact]
    public void Where_no_file_can_be_written_the_weights_are_packed_in_memory_and_the_report_says_why()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(StoreFolder)!);
        File.WriteAllText(StoreFolder, "a file where the folder should be");
        var (logits, report) = LogitsOf(SmallModel.Original);
        Assert.Null(report.PackedFile);
        Assert.Contains(StoreFolder, report.Warning, StringComparison.Ordinal);
        Assert.Contains("in memory", report.ToString(), StringComparison.Ordinal);
        TensorComparison.RequireEqualBits("in memory", LogitsOf(SmallModel.Original, inMemory: true).Logits, logits);
    }

    private (float[] Logits, WeightReport Report) LogitsOf(string source, bool inMemory = false)
    {
        using var files = ModelFiles.Open(source);
        using var model = TransformerModel.Load(files, inMemory ? null : Store);
        return (Logits(model), model.Weights!);
    }

    private float[] Logits(TransformerModel model)
    {
        using var sequence = new SingleSequence(model, _pool);
        return sequence.Append([1, 5, 9, 2, 7]);
    }
}
