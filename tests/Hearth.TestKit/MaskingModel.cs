namespace Hearth.TestKit;

/// <summary>A model folder with the embedded model's weights and the tokenizer and template of the masking fixtures.</summary>
public static class MaskingModel
{
    /// <param name="folder">An empty folder to fill.</param>
    /// <param name="tokenizer">Folder of the fixtures: <c>tokenizer</c>, or <c>tokenizer-strip-thinking</c>, which drops earlier thinking.</param>
    public static string Create(string folder, string tokenizer)
    {
        var embedded = Path.Combine(FixtureFolder.RepositoryRoot, "models", "hearth-tiny");
        foreach (var file in new[] { "config.json", "model.safetensors" }) File.Copy(Path.Combine(embedded, file), Path.Combine(folder, file));
        foreach (var file in Directory.GetFiles(Path.Combine(FixtureFolder.Find("training/masking"), tokenizer))) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        return folder;
    }
}
