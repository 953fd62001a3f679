using System.Security.Cryptography;
using Hearth.ControlPlane;
using Hearth.Storage.Sqlite;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Hearth.Server;

/// <summary>
/// The platform in one process: API, control plane and store over one data directory. The node agent (<c>IHostedService</c>), the replica gateway
/// and the model probe are registered by the program that composes it.
/// </summary>
public sealed class HearthServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly DataDirectoryLock _lock;
    private readonly HearthServerOptions _options;

    private HearthServer(WebApplication app, DataDirectoryLock held, HearthServerOptions options) => (_app, _lock, _options) = (app, held, options);

    /// <summary>Base address as the server itself hands it out; known once it has started.</summary>
    public string Url => Services.GetRequiredService<PublicAddress>().Value;

    /// <summary>The port it listens on; known once it has started.</summary>
    public int Port { get; private set; }

    /// <summary>The account made at the first start.</summary>
    public string Account => FirstStart.Account;

    /// <summary>The admin key made at the first start, from the file <c>credentials</c>; null where that file was taken away.</summary>
    public string? AdminKey { get; private set; }

    /// <summary>True where this start made the account and its key.</summary>
    public bool IsFirstStart { get; private set; }

    public string CredentialsPath => Path.Combine(_options.DataDirectory, "credentials");

    public IServiceProvider Services => _app.Services;

    /// <summary>Opens the data directory, recovers what an earlier server left, and is ready to start.</summary>
    /// <exception cref="InvalidOperationException">Another server holds the directory (the message has its pid), the database is newer than the program,
    /// the master key is missing or another one, the address is not loopback without <see cref="HearthServerOptions.InsecureHttp"/>, or a route declares no
    /// permission.</exception>
    public static async Task<HearthServer> CreateAsync(
        HearthServerOptions options, Action<IServiceCollection>? configure = null, CancellationToken cancellationToken = default)
    {
        KestrelSetup.RequireSafeAddress(options);
        Cors.Require(options.CorsOrigins);
        CrashPoint.RequireValid(Environment.GetEnvironmentVariable(CrashPoint.Variable));
        var held = DataDirectoryLock.Take(options.DataDirectory);
        WebApplication? app = null;
        try
        {
            app = Build(options, configure);
            var server = new HearthServer(app, held, options);
            await server.PrepareAsync(cancellationToken);
            return server;
        }
        catch
        {
            if (app is not null) await app.DisposeAsync();
            held.Dispose();
            throw;
        }
    }

    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        await _app.StartAsync(cancellationToken);
        var bound = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        var address = new Uri(bound);
        Port = address.Port;
        Services.GetRequiredService<PublicAddress>().Value = (_options.PublicUrl ?? $"{address.Scheme}://localhost:{address.Port}").TrimEnd('/');
    }

    /// <summary>A key that may ask models and nothing else, kept in <c>credentials</c>; made when it is first wanted.</summary>
    public ValueTask<string> LimitedKeyAsync(CancellationToken cancellationToken = default) =>
        new Credentials(CredentialsPath).LimitedKeyAsync(Services, cancellationToken);

    /// <summary>Completes when the process is asked to end and the server has stopped.</summary>
    public Task WaitForShutdownAsync(CancellationToken cancellationToken = default) => _app.WaitForShutdownAsync(cancellationToken);

    /// <summary>Open requests may end; then the node agent and the store stop.</summary>
    public Task StopAsync(CancellationToken cancellationToken = default) => _app.StopAsync(cancellationToken);

    /// <summary>Makes a base model known in the catalogue (account <c>fireworks</c>), or refreshes it. Returns its resource name.</summary>
    public async Task<string> RegisterBaseModelAsync(string id, string path, ModelFacts facts, string displayName, CancellationToken cancellationToken = default) =>
        (await Services.GetRequiredService<ModelCatalogue>().RegisterBaseModelAsync(Caller.System, id, Path.GetFullPath(path), facts, displayName, cancellationToken)).Name.Value;

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _lock.Dispose();
    }

    private static WebApplication Build(HearthServerOptions options, Action<IServiceCollection>? configure)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ApplicationName = "hearth", ContentRootPath = Path.GetFullPath(options.DataDirectory) });
        Logs.Apply(builder.Logging, options);
        KestrelSetup.Apply(builder, options, TlsCertificates.Find(options));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.ShutdownTimeout + Draining.LastWords);
        AddServices(builder.Services, options);
        configure?.Invoke(builder.Services);
        var app = builder.Build();
        app.Use(next => context => app.Services.GetRequiredService<RequestLog>().RunAsync(context, next));
        app.Use(next => context => ErrorRoom.RunAsync(context, next));
        Cors.Apply(app, options.CorsOrigins);
        Docs.UsePage(app);
        app.UseRouting();
        app.Use(next => context => PathNames.RunAsync(context, next));
        app.UseRequestTimeouts();
        app.Use(next => context => KestrelSetup.LimitTimeAsync(context, next));
        app.Use(next => context => Authentication.RunAsync(context, next));
        MapEndpoints(app);
        RequirePermissions(app);
        return app;
    }

    private static void AddServices(IServiceCollection services, HearthServerOptions options)
    {
        services.AddSingleton(options).AddSingleton(options.Clock);
        services.AddSingleton<Draining>().AddSingleton<Readiness>().AddSingleton<RequestLog>().AddSingleton<NodeLiveness>().AddCors();
        services.AddSingleton<Instruments>().AddSingleton<MetricCollector>().AddSingleton<StoreGauges>().AddSingleton<ICommitObserver, CommitObserver>();
        services.AddSingleton<DeploymentWindows>().AddSingleton<GenerationMetrics>().AddSingleton<AccountMetrics>().AddSingleton<ReplicaSeries>();
        services.AddHostedService<Tracing>(); // before what it watches
        services.AddSingleton(new PublicAddress { Value = options.PublicUrl ?? "" });
        services.AddSingleton<IStore>(_ => SqliteStore.Open(Path.Combine(options.DataDirectory, "hearth.db"), options.Clock));
        services.AddSingleton<IBlobs>(_ => new LocalBlobs(options.DataDirectory));
        services.AddSingleton(_ => new PageTokens(LocalKey(options.DataDirectory, "page-tokens")));
        services.AddSingleton<ResourceMailbox>().AddSingleton<ResourceStore>().AddSingleton<OutboxHandlers>().AddSingleton<DueRunner>().AddSingleton<Recovery>();
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<Sweeper>(provider, options.SweepAge));
        services.AddSingleton<IDueHandler>(provider => provider.GetRequiredService<Sweeper>());
        foreach (var kind in BlobDeletion.Kinds) services.AddSingleton<IOutboxHandler>(provider => ActivatorUtilities.CreateInstance<BlobDeletion>(provider, kind));
        services.AddSingleton(provider => new SignedAddresses(
            LocalKey(options.DataDirectory, "signed-addresses"), provider.GetRequiredService<PublicAddress>(), provider.GetRequiredService<IBlobs>(), options.Clock));
        services.AddSingleton<Evaluators>().AddSingleton<EvaluationJobs>().AddSingleton<IDueHandler>(provider => provider.GetRequiredService<EvaluationJobs>());
        services.AddSingleton<Uploads>().AddSingleton<IDueHandler, UploadExpiry>().AddSingleton<ModelUploads>();
        services.AddSingleton<FirstStart>().AddSingleton<ApiKeys>().AddSingleton<Users>();
        services.AddSingleton(Prices.Read(Path.Combine(options.DataDirectory, "prices.json"))).AddSingleton<Billing>();
        services.AddSingleton<Quotas>().AddSingleton<Suspension>().AddSingleton<Routers>().AddSingleton<IdentityProviders>();
        services.AddSingleton<TokenBuckets>().AddSingleton<RateLimits>();
        services.AddSingleton(MasterKeyFile.Of(options.DataDirectory, options.MasterKeyFile)).AddSingleton<KeyRing>().AddSingleton<Secrets>();
        services.AddSingleton<Datasets>().AddSingleton<DatasetRows>().AddSingleton<ModelCatalogue>().AddSingleton<JobPlanner>().AddSingleton<TrainingJobs>().AddSingleton<TrainingReports>().AddSingleton<ReinforcementSteps>().AddSingleton<IDueHandler, StalledJobs>().AddSingleton<SuspendedJobs>().AddSingleton<IDueHandler>(provider => provider.GetRequiredService<SuspendedJobs>());
        services.AddSingleton<DeploymentShapes>().AddSingleton<Deployments>().AddSingleton<DeployedModels>().AddSingleton<ModelRouter>();
        services.AddSingleton<ReplicaPlans>().AddSingleton<ReplicaLoads>().AddSingleton<ReplicaFigureBoard>().AddSingleton(new DeploymentLimits(options.ReplicasPerDeployment));
        foreach (var kind in DeploymentDueHandler.Kinds) services.AddSingleton<IDueHandler>(provider => ActivatorUtilities.CreateInstance<DeploymentDueHandler>(provider, kind));
        services.AddSingleton<BatchJobs>().AddSingleton<BatchPlanner>().AddSingleton<BatchValidator>().AddSingleton<BatchCapacity>().AddSingleton<BatchPublisher>();
        services.AddSingleton<BatchParts>().AddSingleton<BatchRunner>().AddSingleton<IBatchRows, BatchRowAnswers>().AddSingleton<IDueHandler, BatchExpiry>();
        services.AddSingleton<IAssignments, StoredAssignments>().AddSingleton<INodeReports, NodeReports>().AddSingleton<INodeLease, StoredNodeLease>();
        services.AddSingleton<Lister>();
        services.AddHostedService<OutboxService>().AddHostedService<DueService>().AddHostedService<BatchService>();
        services.AddSingleton<ScalingService>().AddHostedService(provider => provider.GetRequiredService<ScalingService>());
    }

    private static void MapEndpoints(WebApplication app)
    {
        var routes = new Routes(app);
        AccountEndpoints.Map(routes);
        UserEndpoints.Map(routes);
        ApiKeyEndpoints.Map(routes);
        SecretEndpoints.Map(routes);
        AuditLogEndpoints.Map(routes);
        BillingEndpoints.Map(routes);
        QuotaEndpoints.Map(routes);
        RouterEndpoints.Map(routes);
        IdentityProviderEndpoints.Map(routes);
        EmptyCollectionEndpoints.Map(routes);
        DatasetEndpoints.Map(routes);
        DatasetTransferEndpoints.Map(routes);
        DatasetReportEndpoints.Map(routes);
        ModelEndpoints.Map(routes);
        ModelTransferEndpoints.Map(routes);
        SupervisedFineTuningJobEndpoints.Map(routes);
        DpoJobEndpoints.Map(routes);
        ReinforcementFineTuningJobEndpoints.Map(routes);
        RlorTrainerJobEndpoints.Map(routes);
        EvaluatorEndpoints.Map(routes);
        EvaluationJobEndpoints.Map(routes);
        DeploymentShapeEndpoints.Map(routes);
        DeploymentEndpoints.Map(routes);
        DeployedModelEndpoints.Map(routes);
        BatchInferenceJobEndpoints.Map(routes);
        NotYetEndpoints.Map(routes);
        InferenceEndpoints.Map(app);
        Readiness.Map(app);
        TransferEndpoints.Map(app);
        MetricsEndpoints.Map(routes, app);
        Docs.Map(app);
    }

    internal static void RequirePermissions(IEndpointRouteBuilder app)
    {
        foreach (var endpoint in app.DataSources.SelectMany(source => source.Endpoints))
        {
            if (endpoint.Metadata.GetMetadata<RequiredPermission>() is null)
                throw new InvalidOperationException($"The route {endpoint.DisplayName} declares no permission. Map it with RequiredPermission metadata.");
        }
    }

    private async Task PrepareAsync(CancellationToken cancellationToken)
    {
        await Services.GetRequiredService<KeyRing>().OpenAsync(cancellationToken);
        await Services.GetRequiredService<FirstStart>().RunAsync(KeepCredentials, cancellationToken);
        AdminKey ??= new Credentials(CredentialsPath).AdminKey;
        Services.GetRequiredService<Draining>();
        Services.GetRequiredService<MetricCollector>(); // counts from the start
        Services.GetRequiredService<StoreGauges>();
        await Services.GetRequiredService<Recovery>().RunAsync(cancellationToken);
    }

    private void KeepCredentials(string key)
    {
        IsFirstStart = true;
        AdminKey = key;
        new Credentials(CredentialsPath).KeepAdminKey(key);
    }

    private static byte[] LocalKey(string directory, string name)
    {
        var path = Path.Combine(Directory.CreateDirectory(Path.Combine(directory, "keys")).FullName, name);
        if (!File.Exists(path)) PrivateFile.Write(path, RandomNumberGenerator.GetBytes(32));
        return File.ReadAllBytes(path);
    }
}

/// <summary>Base of every address handed out; set once the port is known.</summary>
internal sealed class PublicAddress
{
    public string Value { get; set; } = "";
}
