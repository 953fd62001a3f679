using System.Text;

namespace Hearth.ControlPlane;

/// <summary>Looks through code that came as text.</summary>
internal static class CodeText
{
    public static CodeCheck Check(IReadOnlyList<CodeCriterion> criteria)
    {
        var faults = criteria.SelectMany(FaultsOf).ToList();
        foreach (var twice in criteria.GroupBy(criterion => criterion.Name).Where(group => group.Count() > 1)) faults.Add($"There are several criteria named '{twice.Key}'. Name each differently.");
        var log = new StringBuilder();
        foreach (var criterion in criteria)
            log.AppendLine($"criterion {criterion.Name}: {criterion.Files.Count} files, {criterion.Files.Values.Sum(file => (long)file.Length)} characters, begins at {criterion.EntryFile} {criterion.EntryFunction}");
        foreach (var fault in faults) log.AppendLine($"fault: {fault}");
        return new(faults, log.ToString());
    }

    private static IEnumerable<string> FaultsOf(CodeCriterion criterion)
    {
        var name = $"The criterion '{criterion.Name}'";
        if (!criterion.Language.Equals("python", StringComparison.OrdinalIgnoreCase)) yield return $"{name} has language '{criterion.Language}'. Write python.";
        if (criterion.Files.Count == 0) yield return $"{name} has no files. Give them in fileContents.";
        foreach (var file in criterion.Files.Keys.Where(file => !CodeCheck.IsRelative(file))) yield return $"{name} has a file '{file}' whose name leads out of its folder.";
        if (criterion.Files.Count > 0 && !criterion.Files.ContainsKey(criterion.EntryFile)) yield return $"{name} begins at entryFile '{criterion.EntryFile}', which is not in fileContents.";
    }
}
