// Tests force the SIMD level and count the items of compute threads: both are wide open to a neighbour running beside them.
[assembly: Xunit.CollectionBehavior(DisableTestParallelization = true)]
