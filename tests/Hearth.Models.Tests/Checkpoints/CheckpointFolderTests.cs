using Xunit;

namespace Hearth.Models.Tests;

/// <summary>Shards and their index must agree.</summary>
public sealed class CheckpointFolderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hearth-shards-").FullName;

    [Fact]
    public void Shards_are_read_as_one_checkpoint()
    {
        Shard("one.safetensors", "a");
        Shard("two.safetensors", "b");
        Index("""{"a": "one.safetensors", "b": "two.safetensors"}""");
        using var checkpoint = CheckpointFolder.Open(_folder);
        Assert.Equal(["a", "b"], checkpoint.Names);
        Assert.Equal([1f], checkpoint.Get("b").ToFloat32());
    }

    [Theory]
    [InlineData("""{"a": "one.safetensors", "b": "one.safetensors"}""", "'b'")]     // promised, not there
    [InlineData("""{"x": "one.safetensors"}""", "'a'")]                             // there, not promised
    [InlineData("""{"a": "../one.safetensors"}""", "not a file name in its folder")]
    [InlineData("""{"a": "..\\one.safetensors"}""", "not a file name in its folder")]
    [InlineData("""{"a": 1}""", "not a file name in its folder")]
    [InlineData("""[]""", "weight_map")]
    public void An_index_that_disagrees_is_refused(string map, string part)
    {
        Shard("one.safetensors", "a");
        Index(map);
        var fault = Assert.Throws<InvalidDataException>(() => CheckpointFolder.Open(_folder));
        Assert.Contains(part, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_shard_is_named()
    {
        Index("""{"a": "gone.safetensors"}""");
        Assert.Contains("gone.safetensors", Assert.Throws<FileNotFoundException>(() => CheckpointFolder.Open(_folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_view_of_a_closed_file_is_refused_rather_than_read()
    {
        Shard("model.safetensors", "a");
        var checkpoint = CheckpointFolder.Open(_folder);
        var view = checkpoint.Get("a");
        checkpoint.Dispose();
        Assert.Throws<ObjectDisposedException>(() => view.ToFloat32());
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private void Shard(string file, string tensor)
    {
        var writer = new SafetensorsWriter();
        writer.Add(tensor, [1], [1f]);
        writer.Save(Path.Combine(_folder, file));
    }

    private void Index(string map) => File.WriteAllText(Path.Combine(_folder, "model.safetensors.index.json"), $$"""{"weight_map": {{map}}}""");
}
