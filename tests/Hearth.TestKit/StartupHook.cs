using System.Diagnostics.Tracing;

/// <summary>
/// Loaded into a program and its children by <c>DOTNET_STARTUP_HOOKS</c>: writes every connection that a socket begins and every name that is looked up
/// to the file that <c>HEARTH_TEST_CONNECTIONS</c> names. The class has the name and place that the runtime asks for.
/// </summary>
internal static class StartupHook
{
    private static ConnectionListener? _listener;

    public static void Initialize()
    {
        if (Environment.GetEnvironmentVariable("HEARTH_TEST_CONNECTIONS") is { Length: > 0 } path) _listener = new ConnectionListener(path);
        GC.KeepAlive(_listener);
    }

    private sealed class ConnectionListener : EventListener
    {
        private readonly string _path;

        public ConnectionListener(string path)
        {
            _path = path;
            foreach (var source in EventSource.GetSources()) Enable(source);
        }

        protected override void OnEventSourceCreated(EventSource source)
        {
            if (_path is not null) Enable(source); // the base constructor calls this before the path is there
        }

        protected override void OnEventWritten(EventWrittenEventArgs written)
        {
            if (written.EventName is "ConnectStart" or "ResolutionStart") File.AppendAllText(_path, $"{Environment.ProcessId} {written.EventName} {written.Payload?[0]}\n");
        }

        private void Enable(EventSource source)
        {
            if (source.Name is "System.Net.Sockets" or "System.Net.NameResolution") EnableEvents(source, EventLevel.Informational);
        }
    }
}
