"""The peer of `bench/run lora`: one LoRA training step of SmolLM2-135M's shapes in plain PyTorch, float32 on the CPU.

Base weights are frozen and random, rank-16 adapters sit on all seven projections; a step is forward, cross-entropy over the
vocabulary, backward, AdamW. Reads commands from standard input: `info` answers with versions, `run SECONDS` trains for that
long and answers with the best seconds a step and the last loss.
"""
import sys
import time

import torch
import torch.nn.functional as F

VOCABULARY, WIDTH, FEED_FORWARD, LAYERS, HEADS, KV_HEADS, HEAD_WIDTH = 49152, 576, 1536, 30, 9, 3, 64
RANK, ALPHA, THETA, EPSILON = 16, 32.0, 100000.0, 1e-5
BATCH, LENGTH, THREADS = 4, 128, 2


class Projection(torch.nn.Module):
    """y = x W^T + alpha / rank * (x A^T) B^T, W frozen."""

    def __init__(self, outputs, inputs):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.randn(outputs, inputs) * 0.02, requires_grad=False)
        self.a = torch.nn.Parameter(torch.randn(RANK, inputs) * inputs ** -0.5)
        self.b = torch.nn.Parameter(torch.zeros(outputs, RANK))

    def forward(self, x):
        return F.linear(x, self.weight) + (ALPHA / RANK) * F.linear(F.linear(x, self.a), self.b)


def rms_norm(x, weight):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + EPSILON) * weight


def rotate(x, cos, sin):
    left, right = x.chunk(2, -1)
    return x * cos + torch.cat((-right, left), -1) * sin


class Layer(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1 = torch.nn.Parameter(torch.ones(WIDTH), requires_grad=False)
        self.norm2 = torch.nn.Parameter(torch.ones(WIDTH), requires_grad=False)
        self.q = Projection(HEADS * HEAD_WIDTH, WIDTH)
        self.k = Projection(KV_HEADS * HEAD_WIDTH, WIDTH)
        self.v = Projection(KV_HEADS * HEAD_WIDTH, WIDTH)
        self.o = Projection(WIDTH, HEADS * HEAD_WIDTH)
        self.gate = Projection(FEED_FORWARD, WIDTH)
        self.up = Projection(FEED_FORWARD, WIDTH)
        self.down = Projection(WIDTH, FEED_FORWARD)

    def forward(self, x, cos, sin, mask):
        h = rms_norm(x, self.norm1)
        batch, length, _ = h.shape
        q = rotate(self.q(h).view(batch, length, HEADS, HEAD_WIDTH).transpose(1, 2), cos, sin)
        k = rotate(self.k(h).view(batch, length, KV_HEADS, HEAD_WIDTH).transpose(1, 2), cos, sin)
        v = self.v(h).view(batch, length, KV_HEADS, HEAD_WIDTH).transpose(1, 2)
        k = k.repeat_interleave(HEADS // KV_HEADS, 1)
        v = v.repeat_interleave(HEADS // KV_HEADS, 1)
        scores = torch.matmul(q, k.transpose(2, 3)) * HEAD_WIDTH ** -0.5 + mask
        o = torch.matmul(torch.softmax(scores, -1), v)
        x = x + self.o(o.transpose(1, 2).reshape(batch, length, -1))
        h = rms_norm(x, self.norm2)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Parameter(torch.randn(VOCABULARY, WIDTH) * 0.02, requires_grad=False)
        self.layers = torch.nn.ModuleList(Layer() for _ in range(LAYERS))
        self.norm = torch.nn.Parameter(torch.ones(WIDTH), requires_grad=False)
        frequencies = THETA ** (-torch.arange(0, HEAD_WIDTH, 2).float() / HEAD_WIDTH)
        angles = torch.outer(torch.arange(LENGTH).float(), frequencies)
        angles = torch.cat((angles, angles), -1)
        self.cos, self.sin = angles.cos(), angles.sin()
        self.mask = torch.full((LENGTH, LENGTH), float("-inf")).triu(1)

    def forward(self, ids):
        x = F.embedding(ids, self.embedding)
        for layer in self.layers:
            x = layer(x, self.cos, self.sin, self.mask)
        return F.linear(rms_norm(x, self.norm), self.embedding)


def main():
    torch.manual_seed(1)
    torch.set_num_threads(THREADS)
    model = Model()
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-4, weight_decay=0.0)
    ids = torch.randint(VOCABULARY, (BATCH, LENGTH + 1))

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(model(ids[:, :-1]).reshape(-1, VOCABULARY), ids[:, 1:].reshape(-1))
        loss.backward()
        optimizer.step()
        return loss.item()

    for line in sys.stdin:
        words = line.split()
        if words[0] == "info":
            print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads", flush=True)
            continue
        until, best = time.perf_counter() + float(words[1]), float("inf")
        while best == float("inf") or time.perf_counter() < until:
            start = time.perf_counter()
            loss = step()
            best = min(best, time.perf_counter() - start)
        print(f"{best!r} {loss!r}", flush=True)


if __name__ == "__main__":
    main()
