using Hearth.Models;
using Hearth.Numerics;
using Hearth.Training;

namespace Hearth.Benchmarks;

/// <summary>A LoRA training step on SmolLM2-135M's shapes, rank 16 on all linear layers, 4 rows of 128 tokens, against PyTorch.</summary>
internal static class LoraBenchmark
{
    private const int Batch = 4, Length = 128, Rank = 16;
    private const int Rounds = 6;

    public static void Run(Report report, bool oursOnly)
    {
        var machine = new Machine();
        machine.Describe(report, Machine.MeasurePeaks());
        var peers = oursOnly ? [] : TorchPeer.StartAll();
        foreach (var peer in peers) report.Note($"peer: {peer.Version}, OPENBLAS_CORETYPE={peer.CoreType}, 2 pinned threads");
        using var ours = new OurSide();
        double best = double.MaxValue, loss = 0;
        var peerBest = peers.ToDictionary(peer => peer, _ => (Seconds: double.MaxValue, Loss: 0.0));
        for (int round = 0; round < Rounds; round++)
        {
            for (int i = 0; i < 3; i++) best = Math.Min(best, Clock.Time(() => loss = ours.Step()));
            foreach (var peer in peers)
            {
                var timed = peer.Run(2);
                peerBest[peer] = (Math.Min(peerBest[peer].Seconds, timed.Seconds), timed.Loss);
            }
        }
        report.Note($"best step of {Rounds} rounds in turns; losses after the run {loss:F3} and {string.Join(", ", peerBest.Values.Select(value => value.Loss.ToString("F3")))}: the same work from different random weights");
        const double tokens = Batch * Length;
        if (peers.Count == 0)
        {
            report.Note($"ours: {tokens / best:F0} tokens/s; no peer" + (oursOnly ? "" : ": apt-get install python3-torch libopenblas0-openmp libtcmalloc-minimal4"));
            return;
        }
        var winner = peerBest.MinBy(pair => pair.Value.Seconds);
        report.AddRate("lora-4x128", tokens / best, tokens / winner.Value.Seconds, "tokens/s", $"{winner.Key.Version}, OpenBLAS {winner.Key.CoreType}");
        report.Note($"others took {machine.TakenByOthers():P0} of the processors' time during this run");
        foreach (var peer in peers) peer.Dispose();
    }

    /// <summary>The product's training pass, gradient tree and optimizer over a model with random bf16 weights.</summary>
    private sealed class OurSide : IDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("hearth-bench-").FullName;
        private readonly ComputePool _pool = new(2);
        private readonly TransformerModel _model;
        private readonly LoraAdapter _adapter;
        private readonly TrainingPass _pass;
        private readonly GradientTree _tree;
        private readonly AdamWOptimizer _optimizer;
        private readonly TrainingBatch _batch;

        public OurSide()
        {
            RandomModel.Write(_folder);
            using (var files = ModelFiles.Open(_folder)) _model = TransformerModel.Load(files);
            _adapter = LoraAdapter.Create(_model.Configuration, Rank, alpha: 32, seed: 1);
            _pass = new TrainingPass(_model, _adapter, _pool);
            _tree = new GradientTree(_adapter.Parameters, _pool);
            _optimizer = new AdamWOptimizer(_adapter.Parameters, new AdamWOptions { WeightDecay = 0, MaxGradNorm = 0 }, _pool);
            _batch = RandomBatch();
        }

        /// <summary>Forward, backward and update; returns the loss before it.</summary>
        public double Step()
        {
            var leaves = new ParameterGradients[_batch.Leaves.Length];
            for (int i = 0; i < leaves.Length; i++) leaves[i] = _tree.Rent();
            double loss = _pass.Run(_batch, new float[_batch.Rows], leaves);
            foreach (var leaf in leaves) _tree.Add(leaf);
            var total = _tree.Finish();
            _optimizer.Step(total, _optimizer.GlobalNorm(total), learningRate: 1e-4);
            _tree.Return(total);
            return loss;
        }

        public void Dispose()
        {
            _optimizer.Dispose();
            _tree.Dispose();
            _pass.Dispose();
            _adapter.Dispose();
            _model.Dispose();
            _pool.Dispose();
            Directory.Delete(_folder, recursive: true);
        }

        private static TrainingBatch RandomBatch()
        {
            const int rows = Batch * Length;
            var ids = new int[rows + 1];
            for (int i = 0; i < ids.Length; i++) ids[i] = (int)((uint)i * 2654435761u % RandomModel.Vocabulary);
            var weights = new float[rows];
            Array.Fill(weights, 1f / rows);
            (int, int)[] runs = [.. Enumerable.Range(0, Batch).Select(i => (i * Length, Length))];
            return new TrainingBatch
            {
                TokenIds = ids[..rows],
                Targets = ids[1..],
                Positions = [.. Enumerable.Range(0, rows).Select(i => i % Length)],
                Weights = weights,
                Segments = runs,
                Leaves = runs,
            };
        }
    }
}
