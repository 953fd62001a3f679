using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Hearth.Server;

/// <summary><c>/openapi.json</c>, and the page <c>/docs</c> on which it can be read and tried. The page comes with the program: nothing is fetched (rule S12).</summary>
internal static class Docs
{
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static readonly JsonSerializerOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Map(WebApplication app)
    {
        var document = new Lazy<byte[]>(() => Encoding.UTF8.GetBytes(new ApiDescription(app.Services.GetRequiredService<EndpointDataSource>()).Write().ToJsonString(Writing)));
        app.MapGet("/openapi.json", async context =>
        {
            context.Response.ContentType = "application/json";
            await context.Response.Body.WriteAsync(document.Value, context.RequestAborted);
        }).WithMetadata(new RequiredPermission(Permission.None));
    }

    public static void UsePage(IApplicationBuilder app)
    {
        app.UseWhen(context => context.Request.Path.StartsWithSegments("/docs"), page =>
        {
            page.Use(next => context =>
            {
                context.Response.Headers.ContentSecurityPolicy = Policy;
                context.Response.Headers.XContentTypeOptions = "nosniff";
                context.Response.Headers["Referrer-Policy"] = "no-referrer";
                return next(context);
            });
            page.UseSwaggerUI(ui =>
            {
                ui.RoutePrefix = "docs";
                ui.DocumentTitle = "Hearth API";
                ui.SwaggerEndpoint("/openapi.json", "Hearth");
                ui.ConfigObject.AdditionalItems["persistAuthorization"] = false; // keys never enter the browser's storage
            });
        });
    }
}
