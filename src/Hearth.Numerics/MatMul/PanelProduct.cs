namespace Hearth.Numerics;

/// <summary>The product of a few rows with a weight's panels, a panel or two at a time: y [rows, outputs] = x [rows, inputs] W^T.</summary>
internal readonly unsafe struct PanelProduct(float* x, int rows, PackedWeight w, int firstOutput, int outputs, float* y)
{
    private readonly SimdLevel _level = Simd.Level;
    private readonly WeightType _type = w.Type;
    private readonly bool _finite = w.IsFinite;
    private readonly byte* _panels = w.Data + firstOutput / PackedWeight.PanelOutputs * w.PanelBytes;
    private readonly nint _panelBytes = (nint)w.PanelBytes;
    private readonly int _inputs = w.Inputs;

    public readonly int Rows = rows;

    /// <summary>Panels that hold the outputs.</summary>
    public readonly int Panels = (outputs + PackedWeight.PanelOutputs - 1) / PackedWeight.PanelOutputs;

    /// <summary>Outputs of panel <paramref name="first"/> and, if <paramref name="count"/> is 2, of the next.</summary>
    public void RunPanels(int first, int count)
    {
        if (_level == SimdLevel.Avx512) Run<Avx512Lanes>(first, count);
        else Run<Avx2Lanes>(first, count);
    }

    private void Run<T>(int first, int count) where T : unmanaged, IWideningLanes<T>
    {
        switch (_type)
        {
            case WeightType.F32: Run<T, F32Columns<T>>(first, count); break;
            case WeightType.BF16: Run<T, BF16Columns<T>>(first, count); break;
            case WeightType.F16 when _finite: Run<T, FiniteF16Columns<T>>(first, count); break;
            case WeightType.F16: Run<T, F16Columns<T>>(first, count); break;
            case WeightType.Q8_0: Run<T, Q8Columns<T>>(first, count); break;
            case WeightType.Q4_0: Run<T, Q40Columns<T>>(first, count); break;
            case WeightType.Q4_1: Run<T, Q41Columns<T>>(first, count); break;
            case WeightType.Q4_K: Run<T, Q4KColumns<T>>(first, count); break;
            case WeightType.Q6_K: Run<T, Q6KColumns<T>>(first, count); break;
        }
    }

    private void Run<T, TColumns>(int first, int count)
        where T : unmanaged, IWideningLanes<T>
        where TColumns : unmanaged, IColumns<T>
    {
        if (count == 2 && Rows == 1 && T.IsOneRegister)
        {
            RowByTwoPanels<T, TColumns>(first);
            return;
        }
        for (int panel = first; panel < first + count; panel++) RowsByPanel<T, TColumns>(panel);
    }

    private void RowByTwoPanels<T, TColumns>(int panel)
        where T : unmanaged, IWideningLanes<T>
        where TColumns : unmanaged, IColumns<T>
    {
        byte* source = _panels + panel * _panelBytes;
        float* to = y + panel * 32;
        int rest = Math.Min(32, outputs - (panel + 1) * 32);
        float* edge = stackalloc float[32];
        FewRowsKernels<T, TColumns>.OneRowTwoPanels(source, source + _panelBytes, x, _inputs, to, rest == 32 ? to + 32 : edge);
        if (rest < 32) new ReadOnlySpan<float>(edge, rest).CopyTo(new Span<float>(to + 32, rest));
    }

    private void RowsByPanel<T, TColumns>(int panel)
        where T : unmanaged, IWideningLanes<T>
        where TColumns : unmanaged, IColumns<T>
    {
        int columns = Math.Min(32, outputs - panel * 32);
        float* edge = stackalloc float[8 * 32];
        int count;
        for (int row = 0; row < Rows; row += count)
        {
            int left = Rows - row;
            count = left >= 8 && T.IsOneRegister ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
            float* to = y + (nint)row * outputs + panel * 32;
            float* target = columns == 32 ? to : edge;
            RunKernel<T, TColumns>(count, _panels + panel * _panelBytes, x + (nint)row * _inputs, target, columns == 32 ? outputs : 32);
            if (target == to) continue;
            for (int i = 0; i < count; i++) new ReadOnlySpan<float>(edge + i * 32, columns).CopyTo(new Span<float>(to + (nint)i * outputs, columns));
        }
    }

    private void RunKernel<T, TColumns>(int count, byte* panel, float* from, float* to, nint stride)
        where T : unmanaged, IWideningLanes<T>
        where TColumns : unmanaged, IColumns<T>
    {
        switch (count)
        {
            case 1:
                T.OneRow<TColumns>(panel, from, _inputs, to);
                break;
            case 2 when T.IsOneRegister:
                FewRowsKernels<T, TColumns>.TwoRows(panel, from, _inputs, to, stride);
                break;
            case 2:
                FewRowsKernels<T, TColumns>.TwoRowsHalf(panel, 0, from, _inputs, to, stride);
                FewRowsKernels<T, TColumns>.TwoRowsHalf(panel, 1, from, _inputs, to + 16, stride);
                break;
            case 4 when T.IsOneRegister:
                FewRowsKernels<T, TColumns>.FourRows(panel, from, _inputs, to, stride);
                break;
            case 4:
                FewRowsKernels<T, TColumns>.FourRowsHalf(panel, 0, from, _inputs, to, stride);
                FewRowsKernels<T, TColumns>.FourRowsHalf(panel, 1, from, _inputs, to + 16, stride);
                break;
            case 8:
                FewRowsKernels<T, TColumns>.EightRows(panel, from, _inputs, to, stride);
                break;
        }
    }
}
