using Hearth.Contracts;
using Hearth.ControlPlane;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Hearth.Server;

/// <summary>Files of <c>datasets</c>: in by form or by signed address, checked, out.</summary>
internal static class DatasetTransferEndpoints
{
    private const long UploadBytes = 150L << 20;
    private const long FormOverhead = 1 << 20;

    public static void Map(Routes routes)
    {
        routes.Post("datasets/{id}:upload", Permission.Change, UploadAsync, UploadBytes + FormOverhead);
        routes.Post("datasets/{id}:getUploadEndpoint", Permission.Change, GetUploadEndpointAsync);
        routes.PostLong("datasets/{id}:validateUpload", Permission.Change, ValidateUploadAsync);
        routes.Get("datasets/{id}:getDownloadEndpoint", Permission.View, GetDownloadEndpointAsync);
    }

    private static async Task<object> UploadAsync(Call call)
    {
        var section = await FilePartAsync(call);
        var fileName = Path.GetFileName(section.FileName) is { Length: > 0 } given ? given : "data.jsonl";
        var room = await call.Service<Quotas>().RemainingAsync(call.Account, QuotaKind.DatasetBytes, call.Cancelled);
        if (room == 0) throw Quotas.Exhausted(call.Account, QuotaKind.DatasetBytes);
        var dataset = await call.Service<Datasets>().UploadAsync(
            call.Caller, call.Name(ResourceKind.Datasets), fileName, content => CopyAsync(call, section.FileStream!, content, room), call.Cancelled);
        return new DatasetUpload
        {
            Id = dataset.Name.Value,
            Bytes = dataset.Value.Bytes,
            CreatedAt = dataset.Row.UpdateTime.ToUnixTimeSeconds(),
            Filename = fileName,
        };
    }

    private static async Task<object> GetUploadEndpointAsync(Call call)
    {
        var sizes = (await call.ReadAsync<GetUploadEndpointRequest>()).FilenameToSize ?? throw HearthException.Invalid("filenameToSize is required: each file's name with its size in bytes.");
        await call.Service<Quotas>().RequireAsync(call.Account, QuotaKind.DatasetBytes, sizes.Values.Sum(bytes => Math.Clamp(bytes, 0, long.MaxValue / 1000)), call.Cancelled);
        var offered = await call.Service<Datasets>().OfferUploadsAsync(call.Caller, call.Name(ResourceKind.Datasets), sizes, call.Cancelled);
        return new SignedUrls { FilenameToSignedUrls = offered.ToDictionary(file => file.Value.FileName, call.Service<SignedAddresses>().ForUpload) };
    }

    /// <summary>Where to GET the dataset's files, and with <c>downloadLineage</c> those of every dataset that it was made of.</summary>
    private static async Task<object> GetDownloadEndpointAsync(Call call)
    {
        var addresses = call.Service<SignedAddresses>();
        var urls = new Dictionary<string, string>();
        foreach (var dataset in await call.Service<Datasets>().LineageAsync(call.Name(ResourceKind.Datasets), call.Flag("downloadLineage"), call.Cancelled))
        {
            var (record, prefix) = (dataset.Value, $"dataset/{dataset.Name.Id}/");
            if (record.Files.Count == 0) urls[prefix + record.FileName] = addresses.ForBlob(call.Account, record.Blob, record.FileName);
            foreach (var file in record.Files) urls[prefix + file.FileName] = addresses.ForBlobPart(call.Account, record.Blob, file.Offset, file.Bytes, file.FileName);
        }
        return ReadMask.Parse(call.Query("readMask")).Apply(new SignedUrls { FilenameToSignedUrls = urls });
    }

    private static async Task<object> ValidateUploadAsync(Call call)
    {
        await call.ReadAsync<EmptyMessage>();
        await call.Service<Datasets>().ValidateUploadAsync(call.Caller, call.Name(ResourceKind.Datasets), call.Cancelled);
        return Answers.Empty;
    }

    /// <summary>The form's field <c>file</c>, as a stream: nothing is buffered.</summary>
    private static async Task<FileMultipartSection> FilePartAsync(Call call)
    {
        var type = call.Http.Request.ContentType;
        if (!MediaTypeHeaderValue.TryParse(type, out var parsed) || !parsed.MediaType.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase) || parsed.Boundary.Length == 0)
            throw new HttpRefusal(415, ErrorCode.InvalidArgument, "Unsupported media type. Send the file as multipart/form-data, field \"file\".");
        var reader = new MultipartReader(HeaderUtilities.RemoveQuotes(parsed.Boundary).Value!, call.Http.Request.Body);
        try
        {
            while (await reader.ReadNextSectionAsync(call.Cancelled) is { } section)
            {
                if (section.AsFileSection() is { Name: "file" } file) return file;
            }
        }
        catch (Exception broken) when (broken is InvalidDataException or IOException and not BadHttpRequestException)
        {
            throw HearthException.Invalid("The form is broken or cut short. Send the file again.");
        }
        throw HearthException.Invalid("The form has no file. Send it in the field \"file\".");
    }

    private static async Task CopyAsync(Call call, Stream from, Stream to, long room)
    {
        var buffer = new byte[1 << 16];
        long total = 0;
        while (await ReadAsync() is > 0 and var read)
        {
            total += read;
            if (total > UploadBytes)
                throw new HttpRefusal(413, ErrorCode.InvalidArgument, $"The file is larger than {UploadBytes >> 20} MB. Split it, or upload it by signed address (:getUploadEndpoint).");
            if (total > room) throw Quotas.Exhausted(call.Account, QuotaKind.DatasetBytes);
            await to.WriteAsync(buffer.AsMemory(0, read), call.Cancelled);
        }

        async ValueTask<int> ReadAsync()
        {
            try
            {
                return await from.ReadAsync(buffer, call.Cancelled);
            }
            catch (IOException cut) when (cut is not BadHttpRequestException)
            {
                throw HearthException.Invalid("The upload was cut short. Send the file again.");
            }
        }
    }
}
