using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>The server's certificate: from files, or one that it signed itself and keeps in <c>keys/tls.pem</c> (mode 0600); clients trust <c>tls-certificate.pem</c>.</summary>
internal static class TlsCertificates
{
    private const string SelfSignedFile = "tls.pem";

    /// <summary>In the data directory: the certificate alone, for clients to trust.</summary>
    private const string PublicFile = "tls-certificate.pem";

    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(397);
    private static readonly TimeSpan RenewBefore = TimeSpan.FromDays(30);

    /// <returns>Null where the server speaks plain HTTP.</returns>
    /// <exception cref="InvalidOperationException">The options contradict each other, or the files hold no certificate with its key.</exception>
    public static X509Certificate2? Find(HearthServerOptions options)
    {
        if (options.TlsCertificate is null && options.TlsKey is null)
            return options.TlsSelfSigned ? SelfSigned(options) : null;
        if (options.TlsSelfSigned) throw new InvalidOperationException("--tls-self-signed and --tls-cert exclude each other. Give one of them.");
        if (options.TlsCertificate is null || options.TlsKey is null) throw new InvalidOperationException("--tls-cert and --tls-key belong together. Give both, as PEM files.");
        return FromFiles(options.TlsCertificate, options.TlsKey);
    }

    private static X509Certificate2 FromFiles(string certificate, string key)
    {
        try
        {
            return Usable(X509Certificate2.CreateFromPemFile(certificate, key));
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new InvalidOperationException($"No certificate could be read from {certificate} with the key {key}: {e.Message} Both must be PEM files, the key without a password.");
        }
    }

    private static X509Certificate2 SelfSigned(HearthServerOptions options)
    {
        var path = Path.Combine(Directory.CreateDirectory(Path.Combine(options.DataDirectory, "keys")).FullName, SelfSignedFile);
        var names = Names(options);
        if (File.Exists(path) && X509Certificate2.CreateFromPemFile(path) is var kept)
        {
            if (kept.NotAfter.ToUniversalTime() - RenewBefore > options.Clock.GetUtcNow() && names.All(name => kept.MatchesHostname(name, allowCommonName: false))) return Usable(kept);
            kept.Dispose();
        }
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var made = Sign(key, names, options.Clock.GetUtcNow());
        PrivateFile.Write(path, System.Text.Encoding.ASCII.GetBytes($"{made.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n"));
        File.WriteAllText(Path.Combine(options.DataDirectory, PublicFile), made.ExportCertificatePem() + "\n");
        return Usable(X509Certificate2.CreateFromPemFile(path));
    }

    private static X509Certificate2 Sign(ECDsa key, IReadOnlyList<string> names, DateTimeOffset now)
    {
        var request = new CertificateRequest("CN=hearth", key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            if (IPAddress.TryParse(name, out var address)) alternatives.AddIpAddress(address);
            else alternatives.AddDnsName(name);
        }
        request.CertificateExtensions.Add(alternatives.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false)); // server authentication
        return request.CreateSelfSigned(now - TimeSpan.FromHours(1), now + Lifetime);
    }

    /// <summary>By which names clients call this machine.</summary>
    private static IReadOnlyList<string> Names(HearthServerOptions options)
    {
        var names = new List<string> { "localhost", "127.0.0.1", "::1" };
        if (Uri.CheckHostName(Environment.MachineName) == UriHostNameType.Dns) names.Add(Environment.MachineName);
        if (Uri.TryCreate(options.PublicUrl, UriKind.Absolute, out var url)) names.Add(url.Host.Trim('[', ']'));
        if (IPAddress.TryParse(options.Host, out var address) && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any)) names.Add(options.Host);
        return [.. names.Distinct(StringComparer.OrdinalIgnoreCase)];
    }

    // Windows' TLS takes only keys that went through a key store.
    private static X509Certificate2 Usable(X509Certificate2 certificate) =>
        OperatingSystem.IsWindows() ? X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null) : certificate;
}
