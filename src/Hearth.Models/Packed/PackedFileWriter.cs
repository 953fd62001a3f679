using System.Runtime.InteropServices;
using Hearth.Numerics;
using Microsoft.Win32.SafeHandles;

namespace Hearth.Models;

/// <summary>Packs a model's weights into a file: part after part, one being written while the next is packed on all processors.</summary>
internal static class PackedFileWriter
{
    private const int PartBytes = 16 << 20; // of published rows: far more than a disk needs, far less than memory has

    /// <summary>Makes the file; it is whole or absent. Makers that run at once each write their own and rename it over the other's, which has the same bytes.</summary>
    /// <exception cref="IOException">The folder cannot be written to, or the disk is full.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder cannot be written to.</exception>
    public static void Write(string path, ModelFiles files, byte[] stamp)
    {
        var folder = Path.GetDirectoryName(path)!;
        Directory.CreateDirectory(folder);
        var header = Header(files, stamp);
        var temporary = Path.Combine(folder, $"{Path.GetFileName(path)}.{Path.GetRandomFileName()}{PackedStore.TemporaryExtension}");
        try
        {
            // The room is taken first: a full disk is told before anything is packed.
            using (var target = File.OpenHandle(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, FileOptions.None, header.FileBytes))
            {
                RandomAccess.Write(target, header.Write(), 0);
                WriteTensors(target, header, files);
                RandomAccess.SetLength(target, header.FileBytes);
                RandomAccess.FlushToDisk(target);
            }
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
        AtomicFile.FlushFolder(folder);
    }

    private static PackedHeader Header(ModelFiles files, byte[] stamp)
    {
        var start = PackedHeader.SizeOf(files.SourcePath, ModelLayout.Tensors(files.Configuration).Select(tensor => tensor.Name));
        var tensors = PackedTensor.LayOut(files, start);
        var sourceBytes = tensors.Sum(tensor => files.Describe(tensor.Name).ByteLength);
        return new(stamp, files.SourcePath, sourceBytes, tensors[^1].Offset + tensors[^1].Bytes, tensors);
    }

    private static void WriteTensors(SafeFileHandle target, PackedHeader header, ModelFiles files)
    {
        var writing = Task.CompletedTask;
        try
        {
            foreach (var tensor in header.Tensors)
            {
                var view = files.Get(tensor.Name);
                if (tensor.Type is null) RandomAccess.Write(target, MemoryMarshal.AsBytes(view.ToFloat32().AsSpan()), tensor.Offset);
                else
                {
                    foreach (var (part, offset) in Parts(tensor, view))
                    {
                        writing.GetAwaiter().GetResult();
                        writing = Task.Run(() => WritePart(target, part, offset));
                    }
                }
            }
        }
        finally
        {
            writing.GetAwaiter().GetResult();
        }
    }

    /// <summary>A matrix in runs of whole panels: packed apart they are the same bytes.</summary>
    private static IEnumerable<(PackedWeight Part, long Offset)> Parts(PackedTensor tensor, TensorView view)
    {
        var type = tensor.Type!.Value;
        var most = (int)Math.Clamp(PartBytes / type.RowBytes(tensor.Inputs) / PackedWeight.PanelOutputs * PackedWeight.PanelOutputs, PackedWeight.PanelOutputs, int.MaxValue);
        var offset = tensor.Offset;
        for (int row = 0; row < tensor.Outputs; row += most)
        {
            var rows = Math.Min(most, tensor.Outputs - row);
            yield return (WeightStorage.Pack(view, row, rows), offset);
            offset += PackedWeight.SizeOf(type, rows, tensor.Inputs);
        }
    }

    private static void WritePart(SafeFileHandle target, PackedWeight part, long offset)
    {
        using (part) RandomAccess.Write(target, part.Contents, offset);
    }
}
