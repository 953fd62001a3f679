using Xunit;

namespace Hearth.Numerics.Tests;

public sealed class EmbeddingTests
{
    public static TheoryData<string> Cases() => NumericsFixture.Cases("embedding");

    [Theory, MemberData(nameof(Cases)), Trait("Category", "Fixtures")]
    public void Matches_the_reference_values(string name)
    {
        var fixture = new NumericsFixture("embedding");
        int[] ids = fixture.Integers($"{name}.ids");
        float[] table = fixture.Floats($"{name}.weight"), y = new float[fixture.Floats($"{name}.y").Length];
        Kernels.EmbeddingGather(ids, table, y);
        Everywhere.RequireSameBits("y", fixture.Floats($"{name}.y"), y);
        int[] shape = fixture.Shape($"{name}.weight");
        using var packed = PackedWeight.PackFloat32(table, shape[0], shape[1]);
        Array.Clear(y);
        Kernels.EmbeddingGather(ids, packed, y);
        Everywhere.RequireSameBits("y, packed table", fixture.Floats($"{name}.y"), y);
        var gradient = Everywhere.SameBits(pool => Backward(pool, ids, fixture.Floats($"{name}.dy"), table.Length));
        fixture.Compare(name, "dweight", gradient);
    }

    [Theory, InlineData(1), InlineData(48), InlineData(65), InlineData(200)]
    public void A_row_adds_its_uses_in_order(int width)
    {
        var ids = Values.Integers(1, 50, 7);
        var dy = Values.Of(2, 50 * width);
        var gradient = Everywhere.SameBits(pool => Backward(pool, ids, dy, 7 * width));
        var expected = new float[7 * width];
        for (int i = 0; i < dy.Length; i++) expected[ids[i / width] * width + i % width] += dy[i];
        Everywhere.RequireSameBits("dTable", expected, gradient);
    }

    [Fact]
    public void An_id_outside_the_table_is_named()
    {
        var error = Assert.Throws<ArgumentException>(() => Kernels.EmbeddingGather([0, 7], new float[7 * 4], new float[8]));
        Assert.Contains("token id 7 is not in 0..6", error.Message);
    }

    private static float[] Backward(ComputePool pool, int[] ids, float[] dy, int tableLength)
    {
        var gradient = new float[tableLength];
        Kernels.EmbeddingBackward(pool, ids, dy, gradient);
        return gradient;
    }
}
