using System.Net.Http.Headers;
using Hearth.Contracts;

namespace Hearth.Client;

/// <summary>Files by signed address. Those addresses carry their own permission: the API key is never sent to them.</summary>
public sealed partial class HearthClient
{
    private const int BufferBytes = 1 << 16;

    public Task<Model> CreateModelAsync(string id, ModelParam model, CancellationToken cancellationToken = default) =>
        SendAsync<Model>(HttpMethod.Post, Below("models"), new CreateModelRequest { ModelId = id, Model = model }, cancellationToken);

    /// <summary>Where to PUT each file of a model; sizes in bytes, exact.</summary>
    public Task<ModelUploadUrls> GetModelUploadEndpointAsync(string id, IReadOnlyDictionary<string, long> filenameToSize, CancellationToken cancellationToken = default) =>
        SendAsync<ModelUploadUrls>(HttpMethod.Post, Below($"models/{id}:getUploadEndpoint"), new GetModelUploadEndpointRequest { FilenameToSize = filenameToSize }, cancellationToken);

    /// <summary>Checks what was uploaded; the model is READY when this returns.</summary>
    /// <exception cref="HearthApiException">A file is missing or unfit; the message names it.</exception>
    public Task<ModelValidateUploadResponse> ValidateModelUploadAsync(string id, bool anyBaseName = false, CancellationToken cancellationToken = default) =>
        GetAsync<ModelValidateUploadResponse>(Below($"models/{id}:validateUpload?skipHfConfigValidation={(anyBaseName ? "true" : "false")}"), cancellationToken);

    /// <summary>Where to GET each file of a model of one's own.</summary>
    public Task<SignedUrls> GetModelDownloadEndpointAsync(string name, CancellationToken cancellationToken = default) =>
        GetAsync<SignedUrls>(Address(name, "models") + ":getDownloadEndpoint", cancellationToken);

    /// <summary>Where to GET each file of a dataset, with <paramref name="lineage"/> those of the datasets that it was made of; named <c>dataset/ID/FILE</c>.</summary>
    public Task<SignedUrls> GetDatasetDownloadEndpointAsync(string name, bool lineage = false, CancellationToken cancellationToken = default) =>
        GetAsync<SignedUrls>(Address(name, "datasets") + $":getDownloadEndpoint?downloadLineage={(lineage ? "true" : "false")}", cancellationToken);

    private async Task<DatasetUpload> UploadLargeDatasetAsync(string id, Stream file, long bytes, string fileName, CancellationToken cancellationToken)
    {
        var request = new GetUploadEndpointRequest { FilenameToSize = new Dictionary<string, long> { [fileName] = bytes } };
        var addresses = await SendAsync<SignedUrls>(HttpMethod.Post, Below($"datasets/{id}:getUploadEndpoint"), request, cancellationToken);
        await PutFileAsync(addresses.FilenameToSignedUrls[fileName], file, bytes, cancellationToken: cancellationToken);
        await SendAsync<EmptyMessage>(HttpMethod.Post, Below($"datasets/{id}:validateUpload"), new EmptyMessage(), cancellationToken);
        var dataset = await GetDatasetAsync(id, cancellationToken);
        return new() { Id = dataset.Name, Bytes = bytes, Filename = fileName, CreatedAt = dataset.UpdateTime?.ToUnixTimeSeconds() ?? 0 };
    }

    /// <summary>Sends a file to a signed address.</summary>
    /// <param name="sent">Told the bytes of each piece.</param>
    public async Task PutFileAsync(string address, Stream file, long bytes, Action<int>? sent = null, CancellationToken cancellationToken = default)
    {
        using var content = new StreamContent(new CountingStream(file, sent), BufferBytes);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        content.Headers.ContentLength = bytes;
        using var message = new HttpRequestMessage(HttpMethod.Put, address) { Content = content };
        message.Headers.TryAddWithoutValidation("x-goog-content-length-range", $"{bytes},{bytes}");
        using var response = await _signed.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        await ThrowIfRefusedAsync(response, cancellationToken);
    }

    /// <summary>Fetches a signed address.</summary>
    /// <param name="started">Told the file's size, where the server says it.</param>
    /// <param name="received">Told the bytes of each piece.</param>
    public async Task GetFileAsync(string address, Stream target, Action<long>? started = null, Action<int>? received = null, CancellationToken cancellationToken = default)
    {
        using var response = await _signed.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        await ThrowIfRefusedAsync(response, cancellationToken);
        if (response.Content.Headers.ContentLength is { } size) started?.Invoke(size);
        await using var body = new CountingStream(await response.Content.ReadAsStreamAsync(cancellationToken), received);
        await body.CopyToAsync(target, BufferBytes, cancellationToken);
    }

    /// <summary>Tells each read.</summary>
    private sealed class CountingStream(Stream inner, Action<int>? told) : Stream
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await inner.ReadAsync(buffer, cancellationToken);
            if (read > 0) told?.Invoke(read);
            return read;
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override int Read(byte[] buffer, int offset, int count)
        {
            var read = inner.Read(buffer, offset, count);
            if (read > 0) told?.Invoke(read);
            return read;
        }

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
        public override void Flush() => inner.Flush();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing) inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
