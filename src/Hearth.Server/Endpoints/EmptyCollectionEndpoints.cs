using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>Collections of the platform that this server never has anything in: no credits are sold and no capacity is reserved here.</summary>
internal static class EmptyCollectionEndpoints
{
    public static void Map(Routes routes)
    {
        foreach (var collection in new[] { "creditRedemptions", "reservations" })
        {
            routes.Get(collection, Permission.View, call => call.Service<Lister>().ListAsync(call, $"accounts/{call.Account}", new(collection, typeof(Nothing), _ => new Nothing())));
            routes.Get($"{collection}/{{id}}", Permission.View, call => throw HearthException.NotFound(call.Name(collection).Value));
        }
    }

    private sealed record Nothing
    {
        public string Name { get; init; } = "";
    }
}
