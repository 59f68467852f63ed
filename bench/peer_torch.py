# SPDX-License-Identifier: Apache-2.0
"""A Llama decoder in plain PyTorch, trained as a user would write it: the peer of walchen-train. Prints one JSON line."""
import argparse
import json
import math
import time

import torch
from torch import nn
from torch.nn import functional


class Block(nn.Module):
    def __init__(self, d, heads, d_ff):
        super().__init__()
        self.heads = heads
        self.attention_norm, self.mlp_norm = nn.RMSNorm(d), nn.RMSNorm(d)
        self.qkv, self.out = nn.Linear(d, 3 * d, bias=False), nn.Linear(d, d, bias=False)
        self.gate_up, self.down = nn.Linear(d, 2 * d_ff, bias=False), nn.Linear(d_ff, d, bias=False)

    def forward(self, x, cosine, sine):
        b, t, d = x.shape
        q, k, v = self.qkv(self.attention_norm(x)).view(b, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        turn = lambda z: torch.cat([z[..., ::2] * cosine - z[..., 1::2] * sine, z[..., ::2] * sine + z[..., 1::2] * cosine], -1)
        y = functional.scaled_dot_product_attention(turn(q), turn(k), v, is_causal=True)
        x = x + self.out(y.transpose(1, 2).reshape(b, t, d))
        gate, up = self.gate_up(self.mlp_norm(x)).chunk(2, -1)
        return x + self.down(functional.silu(gate) * up)


class Decoder(nn.Module):
    def __init__(self, options):
        super().__init__()
        self.embedding = nn.Embedding(options.vocabulary, options.d_model)
        self.blocks = nn.ModuleList(Block(options.d_model, options.heads, options.d_ff) for _ in range(options.layers))
        self.norm = nn.RMSNorm(options.d_model)
        angles = torch.arange(options.tokens)[:, None] * 10_000 ** (-torch.arange(0, 64, 2) / 64)
        self.register_buffer("cosine", angles.cos())
        self.register_buffer("sine", angles.sin())
        nn.init.normal_(self.embedding.weight, std=1 / math.sqrt(options.d_model))

    def forward(self, tokens, targets):
        x = self.embedding(tokens)
        for block in self.blocks:
            x = block(x, self.cosine, self.sine)
        logits = functional.linear(self.norm(x), self.embedding.weight)
        return functional.cross_entropy(logits.view(-1, logits.shape[-1]), targets.view(-1))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name, value in (("layers", 6), ("d-model", 320), ("heads", 5), ("d-ff", 864), ("vocabulary", 8192), ("lanes", 16),
                        ("tokens", 256), ("steps", 6), ("threads", 2)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--muon", action="store_true", help="for the matrices of the blocks, as Walchen")
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    model = Decoder(options)
    step_of = torch.compile(model) if options.compile else model
    matrices = [p for p in model.blocks.parameters() if p.ndim == 2] if options.muon else []
    others = [p for p in model.parameters() if not any(p is matrix for matrix in matrices)]
    optimisers = [torch.optim.AdamW(others, lr=1e-3)] + ([torch.optim.Muon(matrices, lr=0.02)] if matrices else [])
    best = 0
    for step in range(options.steps + 2):
        tokens = torch.randint(options.vocabulary, (options.lanes, options.tokens + 1))
        begun = time.perf_counter()
        loss = step_of(tokens[:, :-1], tokens[:, 1:].contiguous())
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimiser in optimisers:
            optimiser.step()
            optimiser.zero_grad()
        if step >= 2:  # the first ones compile and allocate
            best = max(best, options.lanes * options.tokens / (time.perf_counter() - begun))
    print(json.dumps({"tokens_per_s": best, "parameters": sum(p.numel() for p in model.parameters()),
                      "version": torch.__version__}))


if __name__ == "__main__":
    main()
