using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>Files of <c>models</c>: in, checked, out.</summary>
internal static class ModelTransferEndpoints
{
    public static void Map(Routes routes)
    {
        routes.Post("models/{id}:getUploadEndpoint", Permission.Change, GetUploadEndpointAsync);
        routes.GetLong("models/{id}:validateUpload", Permission.Change, ValidateUploadAsync);
        routes.Get("models/{id}:getDownloadEndpoint", Permission.ViewPublic, GetDownloadEndpointAsync);
        routes.Post("models/{id}:prepare", Permission.Change, PrepareAsync);
    }

    private static async Task<object> GetUploadEndpointAsync(Call call)
    {
        var request = await call.ReadAsync<GetModelUploadEndpointRequest>();
        var sizes = request.FilenameToSize ?? throw HearthException.Invalid("filenameToSize is required: each file's name with its size in bytes.");
        var offered = await call.Service<ModelUploads>().OfferAsync(call.Caller, call.Name(ResourceKind.Models), sizes, call.Cancelled);
        return ReadMask.Parse(request.ReadMask is "" ? null : request.ReadMask).Apply(new ModelUploadUrls
        {
            FilenameToSignedUrls = offered.ToDictionary(file => file.Value.FileName, call.Service<SignedAddresses>().ForUpload),
            HearthWarnings = request.EnableResumableUpload == true ? ["Each file is sent in one PUT: a broken upload starts again at its first byte."] : null,
        });
    }

    private static async Task<object> ValidateUploadAsync(Call call)
    {
        var options = new ModelCheckOptions(call.Flag("configOnly"), call.Flag("skipHfConfigValidation"), call.Flag("trustRemoteCode"));
        return new ModelValidateUploadResponse { Warnings = await call.Service<ModelUploads>().ValidateAsync(call.Caller, call.Name(ResourceKind.Models), options, call.Cancelled) };
    }

    private static async Task<object> GetDownloadEndpointAsync(Call call)
    {
        var (folder, files) = await call.Service<ModelUploads>().FilesAsync(call.Caller, call.Name(ResourceKind.Models), call.Cancelled);
        var urls = files.ToDictionary(file => file, file => call.Service<SignedAddresses>().ForFolderFile(call.Account, folder, file));
        return ReadMask.Parse(call.Query("readMask")).Apply(new SignedUrls { FilenameToSignedUrls = urls });
    }

    /// <summary>A model serves in the precision of its files; that one needs no preparation, and no other can be prepared.</summary>
    private static async Task<object> PrepareAsync(Call call)
    {
        var precision = (await call.ReadAsync<PrepareModelRequest>()).Precision ?? Precision.PRECISION_UNSPECIFIED;
        var model = await call.Service<ResourceStore>().GetAsync<ModelRecord>(call.Name(ResourceKind.Models), call.Cancelled);
        if (precision == Precision.PRECISION_UNSPECIFIED) throw HearthException.Invalid("precision is required: the one to prepare the model in.");
        if (model.Row.State != ModelRecord.Ready) throw HearthException.Precondition($"{model.Name} is {model.Row.State}. Upload and validate its files first.");
        if (model.Value.IsAddon) throw HearthException.Invalid($"{model.Name} is an adapter; it runs in the precision of its base model. Prepare that.");
        if (model.Value.Facts?.Precision != precision.ToString()) throw HearthException.Unimplemented($"Preparing a model in another precision ({precision}) than its files'");
        return Answers.Empty;
    }
}
