using System.Diagnostics;

namespace Hearth.Benchmarks;

/// <summary>Timing. Figures are the best of many short runs: what others take of the machine only ever makes a run slower.</summary>
internal static class Clock
{
    /// <summary>Seconds that one call takes.</summary>
    public static double Time(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Seconds a call, over as many calls as fill <paramref name="seconds"/>. The call gets its number.</summary>
    public static double TimeEach(Action<int> action, double seconds, ref int number)
    {
        long start = Stopwatch.GetTimestamp();
        int calls = 0;
        do
        {
            action(number++);
            calls++;
        }
        while (Stopwatch.GetElapsedTime(start).TotalSeconds < seconds);
        return Stopwatch.GetElapsedTime(start).TotalSeconds / calls;
    }
}
