namespace Hearth;

/// <summary>The tiny chat model that comes with the program (docs/model-card in its folder), so that everything works offline at once.</summary>
internal static class EmbeddedModel
{
    public const string Name = "hearth-tiny";

    /// <summary>Its folder beside the program.</summary>
    public static string Folder => Path.Combine(AppContext.BaseDirectory, "Embedded", Name);

    public static bool Exists => File.Exists(Path.Combine(Folder, "config.json"));
}
