using System.Buffers;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>Copies a body to the disk and holds it to its declared size while it streams (rule S6).</summary>
internal static class ExactCopy
{
    private const int BufferBytes = 1 << 16;
    private const long SyncEvery = 64 << 20; // so that little is left to sync behind the last byte: some clients wait five seconds for the answer

    /// <exception cref="HearthException">The body is longer or shorter, or the disk is full.</exception>
    public static async Task RunAsync(Stream body, BlobDraft target, long size, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            long total = 0, synced = 0;
            int read;
            while ((read = await body.ReadAsync(buffer, cancellationToken)) > 0)
            {
                total += read;
                if (total > size) throw WrongSize("more than that", size);
                await WriteAsync(target.Content, buffer.AsMemory(0, read), cancellationToken);
                if (total - synced < SyncEvery) continue;
                await target.SyncAsync(cancellationToken);
                synced = total;
            }
            if (total < size) throw WrongSize(total.ToString(System.Globalization.CultureInfo.InvariantCulture), size);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public static HearthException WrongSize(string sent, long size) =>
        HearthException.Invalid($"This address takes a file of exactly {size} bytes, and the body has {sent}. Ask :getUploadEndpoint again with the file's size.");

    private static async ValueTask WriteAsync(Stream target, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        try
        {
            await target.WriteAsync(bytes, cancellationToken);
        }
        catch (IOException full) when (DiskSpace.IsFull(full))
        {
            throw new HearthException(ErrorCode.ResourceExhausted, "The server's disk is full. Nothing of the file was kept; make room on the server, then send it again.");
        }
    }
}
