namespace Hearth.Server;

/// <summary>Which web pages may call the server: none, unless <c>--cors-origin</c> names their origin.</summary>
internal static class Cors
{
    private static readonly string[] Readable =
        ["x-request-id", "retry-after", "x-should-retry", "fireworks-model", "fireworks-deployment", "x-ratelimit-limit-requests", "x-ratelimit-remaining-requests"];

    public static void Apply(IApplicationBuilder app, IReadOnlyList<string> origins)
    {
        if (origins.Count == 0) return;
        app.UseCors(policy =>
        {
            policy.AllowAnyHeader().AllowAnyMethod().WithExposedHeaders(Readable).SetPreflightMaxAge(TimeSpan.FromHours(1));
            if (origins.Contains("*")) policy.AllowAnyOrigin(); // keys travel in a header that pages must hold; there are no cookies to steal
            else policy.WithOrigins([.. origins]);
        });
    }

    /// <exception cref="InvalidOperationException">An entry is no origin.</exception>
    public static void Require(IReadOnlyList<string> origins)
    {
        foreach (var origin in origins.Where(origin => origin != "*"))
        {
            if (!Uri.TryCreate(origin, UriKind.Absolute, out var url) || url.GetLeftPart(UriPartial.Authority) != origin)
                throw new InvalidOperationException($"--cors-origin {origin} is not an origin. Write scheme, host and port only, as https://app.example.com, or *.");
        }
    }
}
