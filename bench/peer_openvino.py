# SPDX-License-Identifier: Apache-2.0
"""Speed of OpenVINO GenAI on one GGUF file: prefill from its own time to first token, decode from its own throughput."""
import argparse
import json

import openvino_genai


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--prompt", type=int, default=512)
    parser.add_argument("--decode", type=int, default=64)
    options = parser.parse_args()

    pipeline = openvino_genai.LLMPipeline(options.model, "CPU", INFERENCE_NUM_THREADS=options.threads)
    tokenizer = pipeline.get_tokenizer()
    config = openvino_genai.GenerationConfig()
    config.do_sample = False
    config.ignore_eos = True
    config.apply_chat_template = False
    out = {"prefill_tokens_per_s": 0.0, "decode_tokens_per_s": 0.0, "batch": {}}
    for repeat in range(options.repeats + 1):
        words = [f"{(i * 7919 + repeat * 104729) % 10007}" for i in range(options.prompt)]
        ids = tokenizer.encode(" ".join(words)).input_ids
        text = tokenizer.decode(list(ids.data[0][: options.prompt]))
        prompt_tokens = tokenizer.encode(text).input_ids.shape[1]
        config.max_new_tokens = 1
        metrics = pipeline.generate([text], config).perf_metrics
        out["prefill_tokens_per_s"] = max(out["prefill_tokens_per_s"], prompt_tokens / (metrics.get_ttft().mean * 1e-3))
        config.max_new_tokens = options.decode
        metrics = pipeline.generate(["The"], config).perf_metrics
        out["decode_tokens_per_s"] = max(out["decode_tokens_per_s"], metrics.get_throughput().mean)
    print(json.dumps(out))


if __name__ == "__main__":
    main()
