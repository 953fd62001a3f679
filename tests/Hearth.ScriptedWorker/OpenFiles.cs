using System.Globalization;
using Hearth.Models;

/// <summary>Opens files as far as each goes: a line "NAME (tab) FAULT" for each, a fault being empty, a message, or the type of an exception that should not be.</summary>
internal static class OpenFiles
{
    public static int Run(IEnumerable<string> paths)
    {
        foreach (var path in paths) Console.WriteLine($"{Path.GetFileName(path)}\t{FaultOf(path)}");
        var peak = File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        Console.WriteLine(long.Parse(peak.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024);
        return 0;
    }

    private static string FaultOf(string path)
    {
        try
        {
            Open(path);
            return "";
        }
        catch (Exception fault) when (fault is InvalidDataException or NotSupportedException)
        {
            return fault.Message.ReplaceLineEndings(" ");
        }
        catch (Exception fault)
        {
            return fault.GetType().Name;
        }
    }

    private static void Open(string path)
    {
        if (path.EndsWith(".safetensors", StringComparison.Ordinal))
        {
            using var file = SafetensorsFile.Open(path);
            foreach (var name in file.Names) _ = file.Get(name).Bytes;
        }
        else if (Path.GetFileName(path).StartsWith("model-", StringComparison.Ordinal))
        {
            using var files = ModelFiles.Open(path);
            using var model = TransformerModel.Load(files);
            if (files.GgufTokenizer is not null) _ = ModelText.Load(files);
        }
        else
        {
            using var file = GgufFile.Open(path);
            foreach (var name in file.Names) _ = file.Get(name).Bytes;
        }
    }
}
