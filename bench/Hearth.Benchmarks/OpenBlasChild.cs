using System.Globalization;
using System.Runtime.InteropServices;
using Hearth.Numerics;

namespace Hearth.Benchmarks;

/// <summary>
/// The peer's side, in a process of its own because OpenBLAS chooses its kernels once, from the environment. Commands come as lines:
/// <c>info</c>, and <c>time THREADS M N K COPIES SECONDS</c>, answered with the best seconds a call and the routine's name.
/// </summary>
internal static unsafe class OpenBlasChild
{
    private const int RowMajor = 101, NoTranspose = 111, Transpose = 112;

    private static delegate* unmanaged<int, int, int, int, int, int, float, float*, int, float*, int, float, float*, int, void> _sgemm;
    private static delegate* unmanaged<int, int, int, int, float, float*, int, float*, int, float, float*, int, void> _sgemv;
    private static delegate* unmanaged<int, void> _setThreads;
    private static NativeBlock? _weights;
    private static (int N, int K, int Copies) _shape;
    private static int _number;

    public static int Serve(string library)
    {
        nint handle = NativeLibrary.Load(library);
        _sgemm = (delegate* unmanaged<int, int, int, int, int, int, float, float*, int, float*, int, float, float*, int, void>)NativeLibrary.GetExport(handle, "cblas_sgemm");
        _sgemv = (delegate* unmanaged<int, int, int, int, float, float*, int, float*, int, float, float*, int, void>)NativeLibrary.GetExport(handle, "cblas_sgemv");
        _setThreads = (delegate* unmanaged<int, void>)NativeLibrary.GetExport(handle, "openblas_set_num_threads");
        var config = (delegate* unmanaged<byte*>)NativeLibrary.GetExport(handle, "openblas_get_config");
        while (Console.ReadLine() is { } line)
        {
            string[] words = line.Split(' ');
            Console.WriteLine(words[0] == "info" ? Marshal.PtrToStringUTF8((nint)config()) : Time(words));
        }
        return 0;
    }

    private static string Time(string[] words)
    {
        int[] numbers = [.. words.Skip(1).Take(5).Select(int.Parse)];
        (int m, int n, int k) = (numbers[1], numbers[2], numbers[3]);
        double seconds = double.Parse(words[6], CultureInfo.InvariantCulture);
        Prepare(n, k, numbers[4]);
        _setThreads(numbers[0]);
        using var inputBlock = NativeBlock.ForFloats(m * k, out var x);
        using var outputBlock = NativeBlock.ForFloats(m * n, out _);
        x.Span.Fill(0.5f);
        float* left = (float*)inputBlock.Pointer, result = (float*)outputBlock.Pointer;
        double gemm = Clock.TimeEach(i => _sgemm(RowMajor, NoTranspose, Transpose, m, n, k, 1f, left, k, Weight(i), k, 0f, result, n), seconds, ref _number);
        if (m > 1) return Answer(gemm, "sgemm");
        double gemv = Clock.TimeEach(i => _sgemv(RowMajor, NoTranspose, n, k, 1f, Weight(i), k, left, 1, 0f, result, 1), seconds, ref _number);
        return gemv < gemm ? Answer(gemv, "sgemv") : Answer(gemm, "sgemm");
    }

    private static string Answer(double seconds, string routine) => seconds.ToString("R", CultureInfo.InvariantCulture) + " " + routine;

    private static void Prepare(int n, int k, int copies)
    {
        if (_shape == (n, k, copies)) return;
        _weights?.Dispose();
        _weights = new NativeBlock((long)n * k * copies * sizeof(float));
        new Span<float>(_weights.Pointer, checked(n * k * copies)).Fill(0.25f);
        _shape = (n, k, copies);
    }

    private static float* Weight(int number) => (float*)_weights!.Pointer + (nint)_shape.N * _shape.K * (number % _shape.Copies);
}
