using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Hearth.TestKit;
using Xunit;

namespace Hearth.EndToEnd.Tests;

/// <summary>One client with resources of its own: it makes, changes, fills and deletes them, and keeps account of what was acknowledged.</summary>
public sealed class CrashClient(string id, ulong seed)
{
    private const int MostAlive = 6;

    private readonly Dice dice = new(seed);
    private int number;

    public List<KnownResource> Resources { get; } = [];

    /// <summary>Acknowledged verbs, as the audit log names them: method and resource.</summary>
    public List<(string Method, string Address)> Acknowledged { get; } = [];

    /// <summary>Writes until the server is gone or <paramref name="count"/> writes are done.</summary>
    public async Task RunAsync(HttpClient http, int count)
    {
        try
        {
            for (var i = 0; i < count; i++) await WriteAsync(http);
        }
        catch (Exception gone) when (gone is HttpRequestException or IOException or OperationCanceledException)
        {
            // The write that was under way is in doubt: its resource knows both states.
        }
    }

    private Task WriteAsync(HttpClient http)
    {
        var alive = Resources.Where(resource => resource.State != KnownResource.Absent).ToList();
        if (alive.Count == 0 || (alive.Count < MostAlive && dice.OneIn(3))) return CreateAsync(http);
        var resource = alive[dice.Next(alive.Count)];
        return resource.State.StartsWith("UPLOADING", StringComparison.Ordinal) && !dice.OneIn(4) ? UploadAsync(http, resource)
            : dice.OneIn(2) ? ChangeAsync(http, resource)
            : DeleteAsync(http, resource);
    }

    private Task CreateAsync(HttpClient http)
    {
        var name = $"{id}-{number++}";
        var resource = new KnownResource($"{dice.Pick("datasets", "datasets", "deployments", "secrets")}/{name}");
        Resources.Add(resource);
        var label = Label();
        return resource.Kind switch
        {
            "datasets" => SendAsync(http, resource, "create", Dataset("UPLOADING", label, 0), HttpMethod.Post, "datasets",
                CrashingServer.Json(new { datasetId = name, dataset = new { displayName = label } })),
            "deployments" => SendAsync(http, resource, "create", $"READY {label}", HttpMethod.Post, $"deployments?deploymentId={name}",
                CrashingServer.Json(new { baseModel = RunningServer.BaseModel, displayName = label, minReplicaCount = 0, maxReplicaCount = 0 })),
            _ => SendAsync(http, resource, "create", label, HttpMethod.Post, "secrets", CrashingServer.Json(new { name, keyName = label, value = "hidden" })),
        };
    }

    private Task ChangeAsync(HttpClient http, KnownResource resource)
    {
        var label = Label();
        var parts = resource.State.Split(' ');
        return resource.Kind switch
        {
            "datasets" => SendAsync(http, resource, "update", Dataset(parts[0], label, int.Parse(parts[2])), HttpMethod.Patch, resource.Address, CrashingServer.Json(new { displayName = label })),
            "deployments" => SendAsync(http, resource, "update", $"READY {label}", HttpMethod.Patch, resource.Address,
                CrashingServer.Json(new { baseModel = RunningServer.BaseModel, displayName = label })),
            _ => SendAsync(http, resource, "update", label, HttpMethod.Patch, resource.Address, CrashingServer.Json(new { name = resource.Address.Split('/')[1], keyName = label })),
        };
    }

    private async Task UploadAsync(HttpClient http, KnownResource resource)
    {
        if (resource.Landed > 0)
        {
            await ValidateAsync(http, resource);
            return;
        }
        var rows = 3 + dice.Next(4);
        var bytes = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, rows).Select(row =>
            $$"""{"messages":[{"role":"user","content":"{{resource.Address}} {{row}} {{new string('x', 40_000)}}"},{"role":"assistant","content":"{{dice.Next(1000)}}"}]}""" + "\n")));
        resource.Content = Convert.ToHexStringLower(SHA256.HashData(bytes));
        if (dice.OneIn(2))
        {
            await PutAsync(http, resource, bytes);
            resource.Landed = rows; // acknowledged: no crash may lose it
            await ValidateAsync(http, resource);
            return;
        }
        var label = resource.State.Split(' ')[1];
        using var form = new MultipartFormDataContent { { new ByteArrayContent(bytes), "file", "rows.jsonl" } };
        await SendAsync(http, resource, "upload", Dataset("READY", label, rows), HttpMethod.Post, $"{resource.Address}:upload", form);
    }

    private static async Task PutAsync(HttpClient http, KnownResource resource, byte[] bytes)
    {
        var asked = CrashingServer.Json(new { filenameToSize = new Dictionary<string, string> { ["rows.jsonl"] = $"{bytes.Length}" } });
        using var offer = await http.PostAsync($"{resource.Address}:getUploadEndpoint", asked);
        Assert.True(offer.IsSuccessStatusCode, await offer.Content.ReadAsStringAsync());
        using var answer = JsonDocument.Parse(await offer.Content.ReadAsStringAsync());
        var address = answer.RootElement.GetProperty("filenameToSignedUrls").GetProperty("rows.jsonl").GetString();
        using var put = await http.PutAsync(address, new ByteArrayContent(bytes));
        Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync());
    }

    private async Task ValidateAsync(HttpClient http, KnownResource resource)
    {
        await SendAsync(http, resource, "validateUpload", Dataset("READY", resource.State.Split(' ')[1], resource.Landed), HttpMethod.Post, $"{resource.Address}:validateUpload", CrashingServer.Json(new { }));
        resource.Landed = 0;
    }

    private Task DeleteAsync(HttpClient http, KnownResource resource) => SendAsync(
        http, resource, "delete", KnownResource.Absent, HttpMethod.Delete,
        resource.Kind == "deployments" ? $"{resource.Address}?hard={(dice.OneIn(2) ? "true" : "false")}&ignoreChecks=true" : resource.Address);

    private async Task SendAsync(HttpClient http, KnownResource resource, string verb, string next, HttpMethod method, string address, HttpContent? body = null)
    {
        resource.Try(next);
        using var message = new HttpRequestMessage(method, address) { Content = body };
        using var response = await http.SendAsync(message);
        Assert.True(response.IsSuccessStatusCode, $"{method} {address}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
        resource.Acknowledge();
        Acknowledged.Add(($"{resource.Kind}.{verb}", resource.Address));
    }

    private string Label() => $"{id.ToUpperInvariant().Replace('-', '_')}_{number++}";

    private static string Dataset(string state, string label, int rows) => $"{state} {label} {rows}";
}
