#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/llama: a tiny random model of every member of the Llama family, and what transformers makes of it.

For each member <name>.gguf (F32, with the keys, names and row order that llama.cpp's converter writes), <name>.ids (the
input, int32) and <name>.logits (float32, [position][vocabulary]). The C++ suite tests/parity/families_test.cc reads them.

    pip install torch==2.13.0 transformers==5.23.0 gguf==0.19.0
    python scripts/golden/llama_models.py

Weights are larger than those of an untrained model, so that attention is peaked and every mistake shows in the logits.
"""

import math
import pathlib

import gguf
import numpy
import torch
import transformers

FOLDER = pathlib.Path(__file__).parents[2] / "tests/golden/llama"
TOKENS = 24
LAYERS = 2
VOCABULARY = 131  # no multiple of a tile of 16 rows

BASE = {"vocab_size": VOCABULARY, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": LAYERS,
        "num_attention_heads": 2, "num_key_value_heads": 2, "max_position_embeddings": 128, "rms_norm_eps": 1e-5}
GROUPED = {"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16}  # wider than the model
QWEN = BASE | {"rms_norm_eps": 1e-6, "num_key_value_heads": 1}
EXPERTS = {"num_experts_per_tok": 2, "router_jitter_noise": 0.0}


def rope(theta, **scaling):
    return {"rope_parameters": {"rope_type": "default", "rope_theta": theta} | scaling}


# Original context 64: the wavelengths of 8 pairs then lie in all three ranges of Llama 3's formula.
LLAMA3_SCALING = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                  "original_max_position_embeddings": 64}

# name -> (GGUF architecture, Q and K are permuted, configuration)
MEMBERS = {
    "llama2": ("llama", True, transformers.LlamaConfig(**BASE, **rope(10000.0))),
    "llama3": ("llama", True, transformers.LlamaConfig(**BASE | GROUPED, **rope(10000.0, **LLAMA3_SCALING))),
    "llama_linear": ("llama", True, transformers.LlamaConfig(**BASE, **rope(10000.0, rope_type="linear", factor=4.0))),
    "mistral": ("llama", True, transformers.MistralConfig(**BASE | GROUPED, sliding_window=None, **rope(1e6))),
    "smollm2": ("llama", True, transformers.LlamaConfig(
        **BASE | {"num_attention_heads": 3, "num_key_value_heads": 1, "hidden_size": 48},
        tie_word_embeddings=True, **rope(100000.0))),
    "qwen2": ("qwen2", False, transformers.Qwen2Config(**QWEN, tie_word_embeddings=True, **rope(1e6))),
    "qwen3": ("qwen3", False, transformers.Qwen3Config(**QWEN, head_dim=32, **rope(1e6))),
    "mixtral": ("llama", True, transformers.MixtralConfig(
        **BASE | GROUPED | {"intermediate_size": 16}, **EXPERTS, num_local_experts=4, **rope(1e6))),
    "qwen2moe": ("qwen2moe", False, transformers.Qwen2MoeConfig(
        **QWEN, **EXPERTS, num_experts=4, moe_intermediate_size=16, shared_expert_intermediate_size=48,
        norm_topk_prob=False, **rope(1e6))),
    "qwen3moe": ("qwen3moe", False, transformers.Qwen3MoeConfig(
        **QWEN, **EXPERTS, head_dim=16, num_experts=4, moe_intermediate_size=16, norm_topk_prob=True, **rope(1e6))),
}


def fill(model, generator):
    """Random weights: matrices keep the size of their input about as it is, gains are about 1, biases about 0.5."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if name.endswith("norm.weight"):
                parameter.copy_(1.0 + 0.3 * noise)
            elif name.endswith("bias"):
                parameter.copy_(0.5 * noise)
            elif "embed_tokens" in name:
                parameter.copy_(noise)
            else:
                parameter.copy_(noise / math.sqrt(parameter.shape[-1]))


def routing_margin(model, ids):
    """The smallest distance between the last expert used and the first one not, over all tokens and layers."""
    margins = [math.inf]

    def look(gate, inputs, _):
        scores = inputs[0].reshape(-1, gate.weight.shape[1]) @ gate.weight.T
        ordered = scores.sort(dim=-1, descending=True).values
        margins.append((ordered[:, 1] - ordered[:, 2]).min().item())

    hooks = [module.register_forward_hook(look) for name, module in model.named_modules() if name.endswith("mlp.gate")]
    with torch.no_grad():
        model(ids)
    for hook in hooks:
        hook.remove()
    return min(margins)


def make_model(config):
    """The first seed with which no token is near a change of experts, where rounding would decide between two answers."""
    for seed in range(10_000):
        generator = torch.Generator().manual_seed(seed)
        model = transformers.AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval().float()
        fill(model, generator)
        ids = torch.randint(VOCABULARY, (1, TOKENS), generator=generator)
        if routing_margin(model, ids) > 0.02:
            return model, ids
    raise RuntimeError("no seed keeps the experts apart")


def permute(weight, heads):
    """Rows (x[i], x[i + n/2]) of each head side by side, as llama.cpp's converter does for the llama architecture."""
    return weight.reshape(heads, 2, -1, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)


def tensors_of(model, architecture, permuted):
    """(GGUF name, array) of every weight."""
    config = model.config
    arch = next(arch for arch, arch_name in gguf.MODEL_ARCH_NAMES.items() if arch_name == architecture)
    names = gguf.get_tensor_name_map(arch, config.num_hidden_layers)
    for name, tensor in model.state_dict().items():
        array = tensor.numpy()
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        if name.endswith("experts.gate_up_proj"):
            layer = name.split(".")[2]
            gate, up = numpy.split(array, 2, axis=1)
            yield f"blk.{layer}.ffn_gate_exps.weight", gate
            yield f"blk.{layer}.ffn_up_exps.weight", up
            continue
        if name.endswith("experts.down_proj"):
            yield f"blk.{name.split('.')[2]}.ffn_down_exps.weight", array
            continue
        if permuted and ".q_proj." in name:
            array = permute(array, config.num_attention_heads)
        if permuted and ".k_proj." in name:
            array = permute(array, config.num_key_value_heads)
        stem, dot, kind = name.rpartition(".")
        yield names.get_name(stem) + dot + kind, array[0] if name.endswith("shared_expert_gate.weight") else array


def llama3_factors(config, head_size):
    """What every frequency is divided by; Llama 3.1's rule, the tensor rope_freqs.weight of llama.cpp."""
    scaling = config.rope_parameters
    low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
    context, factor = scaling["original_max_position_embeddings"], scaling["factor"]
    for i in range(head_size // 2):
        wavelength = 2 * math.pi * scaling["rope_theta"] ** (2 * i / head_size)
        smooth = (context / wavelength - low) / (high - low)
        yield 1.0 if smooth > 1 else factor if smooth < 0 else 1 / ((1 - smooth) / factor + smooth)


def add_keys(writer, config):
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    head_size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    if writer.arch == "llama":
        writer.add_rope_dimension_count(head_size)
    if head_size * config.num_attention_heads != config.hidden_size:
        writer.add_key_length(head_size)
        writer.add_value_length(head_size)
    if config.rope_parameters["rope_type"] == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(config.rope_parameters["factor"])
    if config.rope_parameters["rope_type"] == "llama3":
        writer.add_tensor("rope_freqs.weight", numpy.array(list(llama3_factors(config, head_size)), numpy.float32))
    experts = getattr(config, "num_local_experts", None) or getattr(config, "num_experts", None)
    if experts:
        writer.add_expert_count(experts)
        writer.add_expert_used_count(config.num_experts_per_tok)
    if getattr(config, "moe_intermediate_size", None):
        writer.add_expert_feed_forward_length(config.moe_intermediate_size)
    if getattr(config, "shared_expert_intermediate_size", None):
        writer.add_expert_shared_feed_forward_length(config.shared_expert_intermediate_size)


def add_tokenizer(writer):
    """Byte-level BPE over ASCII with one merge: enough to open the file with the program."""
    spelled = [chr(byte) if 33 <= byte <= 126 else chr(256 + byte) if byte < 33 else chr(289) for byte in range(128)]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(["<s>", "</s>", *spelled, "th"])
    writer.add_token_types([gguf.TokenType.CONTROL] * 2 + [gguf.TokenType.NORMAL] * 129)
    writer.add_token_merges(["t h"])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)


def write_member(name, architecture, permuted, config):
    model, ids = make_model(config)
    with torch.no_grad():
        logits = model(ids).logits[0].numpy()
    writer = gguf.GGUFWriter(FOLDER / f"{name}.gguf", architecture)
    add_keys(writer, config)
    add_tokenizer(writer)
    for tensor_name, array in tensors_of(model, architecture, permuted):
        writer.add_tensor(tensor_name, numpy.ascontiguousarray(array, numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    ids[0].numpy().astype(numpy.int32).tofile(FOLDER / f"{name}.ids")
    logits.astype(numpy.float32).tofile(FOLDER / f"{name}.logits")
    print(f"{name}: {(FOLDER / name).with_suffix('.gguf').stat().st_size} bytes, logits up to {abs(logits).max():.2f}")


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    for name, (architecture, permuted, config) in MEMBERS.items():
        write_member(name, architecture, permuted, config)


if __name__ == "__main__":
    main()
