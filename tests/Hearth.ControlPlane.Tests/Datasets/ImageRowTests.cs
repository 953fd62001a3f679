using System.Buffers.Binary;
using Xunit;

namespace Hearth.ControlPlane.Tests;

/// <summary>Which images a row may hold.</summary>
public sealed class ImageRowTests
{
    [Theory]
    [InlineData("png")]
    [InlineData("PNG")]
    public void A_png_passes(string kind) =>
        Assert.Equal(RowFeatures.Images, RowCheck.Passes(Row($"data:image/{kind};base64,{Convert.ToBase64String(Png(3, 2))}")).Features);

    [Theory]
    [InlineData("jpg")]
    [InlineData("jpeg")]
    public void A_jpeg_passes(string kind) => RowCheck.Passes(Row($"data:image/{kind};base64,{Convert.ToBase64String(Jpeg(640, 480))}"));

    [Fact]
    public void Escaped_slashes_are_slashes() =>
        RowCheck.Passes(Row($"data:image\\/png;base64,{Convert.ToBase64String(Png(3, 2)).Replace("/", "\\/")}"));

    [Theory]
    [InlineData("http://x/y.png")]
    [InlineData("HTTPS://x/y.png")]
    public void An_address_is_refused_with_the_way_to_embed_it(string url)
    {
        RowCheck.Fails(Row(url), "an image of message 0 is an address, not a data URI");
        Assert.Contains("hearth datasets inline-images", Assert.Single(RowCheck.File(RowCheck.Good, RowCheck.Good, Row(url)).Faults).Remedy);
    }

    [Fact]
    public void What_is_no_png_or_jpeg_is_refused()
    {
        RowCheck.Fails(Row("y.png"), "an image of message 0 is not a data URI");
        RowCheck.Fails(Row("data:image/png,AAAA"), "an image of message 0 is not in base64");
        RowCheck.Fails(Row("data:image/gif;base64,AAAA"), "an image of message 0 is of a kind other than png, jpg and jpeg");
        RowCheck.Fails(Row("data:image/png;base64,AA=A"), "an image of message 0 is not valid base64");
        RowCheck.Fails(Row("data:image/png;base64,AAAA"), "an image of message 0 is no readable png file");
        RowCheck.Fails(Row($"data:image/png;base64,{Convert.ToBase64String(Jpeg(1, 1))}"), "an image of message 0 says png but is jpeg");
        RowCheck.Fails(Row($"data:image/png;base64,{Convert.ToBase64String(Png(3, 2)[..20])}"), "an image of message 0 is no readable png file");
        RowCheck.Fails(Row($"data:image/jpeg;base64,{Convert.ToBase64String(Jpeg(640, 480)[..30])}"), "an image of message 0 is no readable jpeg file");
    }

    [Fact]
    public void Size_is_bounded_in_pixels_and_bytes()
    {
        RowCheck.Passes(Row($"data:image/png;base64,{Convert.ToBase64String(Png(10_000, 10_000))}"));
        RowCheck.Fails(Row($"data:image/png;base64,{Convert.ToBase64String(Png(10_001, 10_000))}"), "an image of message 0 has 10001 x 10000 pixels");
        RowCheck.Fails(Row("data:image/png;base64," + new string('A', (ImageParts.MaxBytes / 3 * 4) + 8)), "an image of message 0 is larger than 20 MB");
    }

    [Fact]
    public void The_assistant_says_no_images()
    {
        var part = Part($"data:image/png;base64,{Convert.ToBase64String(Png(3, 2))}");
        RowCheck.Fails($$"""{"messages":[{"role":"assistant","content":[{{part}}]}]}""", "message 0 is the assistant's and holds an image");
        RowCheck.Fails("""{"messages":[{"role":"user","content":[{"type":"image_url","image_url":"data:image/png;base64,AAAA"}]}]}""", "an image of message 0 has no url");
    }

    [Fact]
    public void Images_are_not_counted_as_text()
    {
        var image = Convert.ToBase64String([.. Png(3, 2), .. new byte[30_000]]);
        var row = Row($"data:image/png;base64,{image}");
        Assert.True(RowCheck.File(row, row, row).EstimatedTokens < 200);
    }

    private static string Part(string url) => $$$"""{"type":"image_url","image_url":{"url":"{{{url}}}"}}""";

    private static string Row(string url) => $$"""{"messages":[{"role":"user","content":[{"type":"text","text":"what?"},{{Part(url)}}]},{"role":"assistant","content":"a"}]}""";

    private static byte[] Png(int width, int height)
    {
        byte[] file = [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10, 0, 0, 0, 13, (byte)'I', (byte)'H', (byte)'D', (byte)'R', .. new byte[17]];
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(16), width);
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(20), height);
        return file;
    }

    // Start, an application segment of 18 bytes, a quantisation table, the frame header.
    private static byte[] Jpeg(ushort width, ushort height)
    {
        byte[] file = [0xFF, 0xD8, 0xFF, 0xE0, 0, 16, .. new byte[14], 0xFF, 0xDB, 0, 4, 0, 0, 0xFF, 0xFF, 0xC2, 0, 17, 8, 0, 0, 0, 0, 3, .. new byte[9]];
        BinaryPrimitives.WriteUInt16BigEndian(file.AsSpan(32), height);
        BinaryPrimitives.WriteUInt16BigEndian(file.AsSpan(34), width);
        return file;
    }
}
