using Hearth.ControlPlane;

namespace Hearth.Workers;

/// <summary>What a replica process is started with: what to serve and the unix socket to answer on.</summary>
public sealed record ReplicaLaunch(ReplicaSpec Spec, string SocketPath);
