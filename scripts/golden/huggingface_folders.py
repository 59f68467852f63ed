#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/huggingface: tiny random models as transformers saves them, and what transformers makes of them.

For each member a folder <name>/ (config.json, model.safetensors, tokenizer.json, ...) and <name>.json: the input ids, the
logits of the last position, and the token ids of some texts. src/model/huggingface_import_test.cc reads them.

    pip install torch==2.13.0 transformers==5.23.0 tokenizers safetensors
    python scripts/golden/huggingface_folders.py
"""

import json
import pathlib
import shutil

import llama_models
import tokenizers
import torch
import transformers
from tokenizers import decoders, normalizers, pre_tokenizers, processors

FOLDER = pathlib.Path(__file__).parents[2] / "tests/golden/huggingface"
TOKENS = 12
VOCABULARY = 280  # a few more rows than tokens, as published models have

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
          r"|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace("{1,3}", "")
MERGES = ["t h", "i n", "Ġ th", "Ġth e", "e r", "Ġ a", "Ġa n", "l l", "o u", "1 2", "Ġ Ġ", "Ċ Ċ"]
TEMPLATE = ("{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] }}"
            "{{ '<|im_end|>\\n' }}{% endfor %}")
TEXTS = ["The other, it's 12345 o'clock; they'LL win!", "  two  spaces\n\n\tand lines \r\n",
         "Grüße naïve é Å 你好 😀", "<|im_start|>in<|im_end|>"]

SMALL = {"vocab_size": VOCABULARY, "num_hidden_layers": 1, "intermediate_size": 32}
MEMBERS = {
    "llama3": ("llama3", transformers.LlamaConfig(**llama_models.BASE | llama_models.GROUPED | SMALL,
                                                  **llama_models.rope(10000.0, **llama_models.LLAMA3_SCALING))),
    "qwen3": ("qwen2", transformers.Qwen3Config(**llama_models.QWEN | SMALL, head_dim=32, tie_word_embeddings=True,
                                                **llama_models.rope(1e6))),
    "mixtral": ("gpt2", transformers.MixtralConfig(
        **llama_models.BASE | llama_models.GROUPED | SMALL | {"intermediate_size": 16}, **llama_models.EXPERTS,
        num_local_experts=3, **llama_models.rope(1e6))),
    "qwen2moe": ("smollm", transformers.Qwen2MoeConfig(
        **llama_models.QWEN | SMALL, **llama_models.EXPERTS, num_experts=3, moe_intermediate_size=16,
        shared_expert_intermediate_size=32, norm_topk_prob=False, **llama_models.rope(1e6))),
}


def split(expression):
    return pre_tokenizers.Split(tokenizers.Regex(expression), "isolated")


def byte_level(use_regex):
    return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=use_regex)


PRE_TOKENIZERS = {
    "gpt2": lambda: byte_level(True),
    "smollm": lambda: pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), byte_level(True)]),
    "llama3": lambda: pre_tokenizers.Sequence([split(LLAMA3), byte_level(False)]),
    "qwen2": lambda: pre_tokenizers.Sequence([split(QWEN2), byte_level(False)]),
}


def make_tokenizer(kind):
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    tokens = sorted(pre_tokenizers.ByteLevel.alphabet()) + [merge.replace(" ", "") for merge in MERGES]
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(
        vocab={token: i for i, token in enumerate(tokens)}, merges=[tuple(merge.split(" ")) for merge in MERGES],
        ignore_merges=kind == "llama3"))
    tokenizer.add_special_tokens(specials)
    tokenizer.pre_tokenizer = PRE_TOKENIZERS[kind]()
    tokenizer.decoder = decoders.ByteLevel()
    if kind == "qwen2":
        tokenizer.normalizer = normalizers.NFC()
    if kind == "llama3":
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<|endoftext|> $A", special_tokens=[("<|endoftext|>", tokenizer.token_to_id("<|endoftext|>"))])
    return tokenizer


def save_tokenizer(tokenizer, folder):
    wrapped = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<|endoftext|>",
                                                   eos_token="<|im_end|>")
    wrapped.chat_template = TEMPLATE
    wrapped.save_pretrained(folder)


def write_member(name, kind, config):
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    model, _ = llama_models.make_model(config)
    model = model.to(torch.bfloat16)
    model.save_pretrained(folder)
    model = model.float()  # the logits of the weights as they were stored
    tokenizer = make_tokenizer(kind)
    save_tokenizer(tokenizer, folder)
    ids = torch.randint(VOCABULARY, (1, TOKENS), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        logits = model(ids).logits[0, -1]
    texts = {text: tokenizer.encode(text, add_special_tokens=False).ids for text in TEXTS}
    golden = {"ids": ids[0].tolist(), "logits": [float(f"{x:.7g}") for x in logits.tolist()], "texts": texts}
    (FOLDER / f"{name}.json").write_text(json.dumps(golden, ensure_ascii=False) + "\n")
    for path in sorted(folder.iterdir()):
        print(f"{path.relative_to(FOLDER)}: {path.stat().st_size} bytes")


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    llama_models.VOCABULARY = VOCABULARY
    for name, (kind, config) in MEMBERS.items():
        write_member(name, kind, config)


if __name__ == "__main__":
    main()
