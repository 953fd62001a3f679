namespace Hearth.Server;

/// <summary>
/// The end of a server: it takes no new connections, open answers have <see cref="HearthServerOptions.ShutdownTimeout"/> to end; those that have
/// not are told so, in an error of their dialect, instead of being cut off.
/// </summary>
internal sealed class Draining : IDisposable
{
    /// <summary>How long requests that were told to end may take to write it.</summary>
    public static readonly TimeSpan LastWords = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _ended;
    private readonly CancellationTokenRegistration _stopping;

    public Draining(IHostApplicationLifetime life, HearthServerOptions options)
    {
        _ended = new(Timeout.InfiniteTimeSpan, options.Clock);
        _stopping = life.ApplicationStopping.Register(() =>
        {
            IsStopping = true;
            _ended.CancelAfter(options.ShutdownTimeout);
        });
    }

    /// <summary>True once the server was asked to end.</summary>
    public bool IsStopping { get; private set; }

    /// <summary>Cancelled when open answers must end.</summary>
    public CancellationToken Ended => _ended.Token;

    public void Dispose()
    {
        _stopping.Dispose();
        _ended.Dispose();
    }
}
