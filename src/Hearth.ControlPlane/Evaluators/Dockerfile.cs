namespace Hearth.ControlPlane;

/// <summary>Which Dockerfiles an evaluator may bring: one stage, and only instructions that shape the image.</summary>
internal static class Dockerfile
{
    private static readonly string[] Allowed = ["FROM", "RUN", "COPY", "ADD", "WORKDIR", "USER", "ENV", "CMD", "ENTRYPOINT", "ARG"];
    private static readonly string[] Ignored = ["EXPOSE", "VOLUME"];

    public static IEnumerable<string> Faults(string text)
    {
        var (stages, number, continued) = (0, 0, false);
        foreach (var raw in text.Split('\n'))
        {
            number++;
            var line = raw.Trim();
            if (line.Length == 0 || line[0] == '#') continue;
            var begins = !continued;
            continued = line.EndsWith('\\');
            if (!begins) continue;
            var word = line.Split((char[]?)null, 2)[0].ToUpperInvariant();
            if (word == "FROM") stages++;
            if (!Allowed.Contains(word) && !Ignored.Contains(word)) yield return $"Dockerfile line {number}: {word} is not allowed. Use {string.Join(", ", Allowed)}.";
        }
        if (stages != 1) yield return $"The Dockerfile has {stages} stages; it must have one FROM.";
    }
}
