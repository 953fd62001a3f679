using System.Text.Json;
using Hearth.ControlPlane;
using Hearth.Inference;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Hearth.Workers;

/// <summary>
/// Answers on a unix socket: <c>POST /generate</c> streams one JSON line an event, <c>PUT /addons</c> changes the adapters, <c>GET /health</c> says that the replica lives.
/// </summary>
public sealed class ReplicaHost : IAsyncDisposable
{
    private static readonly byte[] LineEnd = "\n"u8.ToArray();

    private readonly WebApplication application;
    private readonly IReplicaModel model;

    private ReplicaHost(WebApplication application, IReplicaModel model)
    {
        this.application = application;
        this.model = model;
    }

    /// <summary>Starts to listen. The path must be at most <see cref="NodeAgentOptions.LongestSocketPath"/> bytes long.</summary>
    public static async Task<ReplicaHost> StartAsync(IReplicaModel model, string socketPath, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options =>
        {
            options.Limits.MaxRequestBodySize = 256L << 20; // A prompt of a million tokens as ids is some 8 MB; images are sent inline.
            options.ListenUnixSocket(socketPath, listen => listen.Protocols = HttpProtocols.Http1);
        });
        var application = builder.Build();
        var host = new ReplicaHost(application, model);
        application.Run(host.AnswerAsync);
        await application.StartAsync(cancellationToken);
        return host;
    }

    public ValueTask DisposeAsync() => application.DisposeAsync();

    private Task AnswerAsync(HttpContext context)
    {
        if (context.Request.Path == "/generate" && HttpMethods.IsPost(context.Request.Method)) return GenerateAsync(context);
        if (context.Request.Path == "/addons" && HttpMethods.IsPut(context.Request.Method)) return SetAddonsAsync(context);
        context.Response.StatusCode = context.Request.Path == "/health" ? StatusCodes.Status200OK : StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    private async Task SetAddonsAsync(HttpContext context)
    {
        ReplicaAddonsAnswer answer;
        try
        {
            var wanted = await JsonSerializer.DeserializeAsync<AddonSpec[]>(context.Request.Body, WorkerJson.Options, context.RequestAborted) ?? [];
            await model.SetAddonsAsync(wanted, context.RequestAborted);
            answer = new(model.AddonHashes, null);
        }
        catch (Exception e) when (e is InvalidDataException or JsonException)
        {
            answer = new(model.AddonHashes, e.Message);
        }
        await JsonSerializer.SerializeAsync(context.Response.Body, answer, WorkerJson.Options, context.RequestAborted);
    }

    private async Task GenerateAsync(HttpContext context)
    {
        var aborted = context.RequestAborted;
        context.Response.ContentType = "application/x-ndjson";
        try
        {
            var request = await JsonSerializer.DeserializeAsync<GenerationRequest>(context.Request.Body, WorkerJson.Options, aborted)
                ?? throw new ReplicaRequestException("INVALID_ARGUMENT", "The request is empty.");
            await foreach (var generated in model.GenerateAsync(request, aborted).WithCancellation(aborted))
                await WriteAsync(context.Response, new GenerationLine { Event = generated }, aborted);
        }
        catch (OperationCanceledException) when (aborted.IsCancellationRequested)
        {
            // The client left; leaving the loop has freed the sequence.
        }
        catch (GenerationException e)
        {
            var refusal = ReplicaFaults.Of(e);
            await WriteAsync(context.Response, new GenerationLine { Error = new ReplicaError(refusal.Code, refusal.Message) }, aborted);
        }
        catch (ReplicaRequestException e)
        {
            await WriteAsync(context.Response, new GenerationLine { Error = new ReplicaError(e.Code, e.Message, e.Param) }, aborted);
        }
        catch (JsonException e)
        {
            await WriteAsync(context.Response, new GenerationLine { Error = new ReplicaError("INVALID_ARGUMENT", e.Message) }, aborted);
        }
        catch (Exception e)
        {
            await Console.Error.WriteLineAsync(e.ToString());
            await WriteAsync(context.Response, new GenerationLine { Error = new ReplicaError("INTERNAL", e.Message) }, aborted);
        }
    }

    private static async Task WriteAsync(HttpResponse response, GenerationLine line, CancellationToken cancellationToken)
    {
        await JsonSerializer.SerializeAsync(response.Body, line, WorkerJson.Options, cancellationToken);
        await response.Body.WriteAsync(LineEnd, cancellationToken);
        await response.Body.FlushAsync(cancellationToken);
    }
}
