# SPDX-License-Identifier: Apache-2.0
"""Small tokenizers of every family that Walchen reads, trained with the Python package `tokenizers`.

Only the algorithms matter here, not what they were trained on, so any text of this machine will do.
"""
import json

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
          r"|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
DEEPSEEK3 = ("[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"
             "| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+")
# The letters of DeepSeek LLM's expression, as code points: some of them change under normalisation.
DEEPSEEK_LETTERS = [
    0x41, 0x5A, 0x61, 0x7A, 0xB5, 0xB5, 0xC0, 0xD6, 0xD8, 0xF6, 0xF8, 0x1BA, 0x1BC, 0x1BF, 0x1C4, 0x293, 0x295, 0x2AF,
    0x370, 0x373, 0x376, 0x377, 0x37B, 0x37D, 0x37F, 0x37F, 0x386, 0x386, 0x388, 0x38A, 0x38C, 0x38C, 0x38E, 0x3A1,
    0x3A3, 0x3F5, 0x3F7, 0x481, 0x48A, 0x52F, 0x531, 0x556, 0x10A0, 0x10C5, 0x13A0, 0x13F5, 0x13F8, 0x13FD, 0x1C90,
    0x1CBA, 0x1CBD, 0x1CBF, 0x1D00, 0x1D2B, 0x1D6B, 0x1D77, 0x1D79, 0x1D9A, 0x1E00, 0x1F15, 0x1F18, 0x1F1D, 0x1F20,
    0x1F45, 0x1F48, 0x1F4D, 0x1F50, 0x1F57, 0x1F59, 0x1F59, 0x1F5B, 0x1F5B, 0x1F5D, 0x1F5D, 0x1F5F, 0x1F7D, 0x1F80,
    0x1FB4, 0x1FB6, 0x1FBC, 0x1FBE, 0x1FBE, 0x1FC2, 0x1FC4, 0x1FC6, 0x1FCC, 0x1FD0, 0x1FD3, 0x1FD6, 0x1FDB, 0x1FE0,
    0x1FEC, 0x1FF2, 0x1FF4, 0x1FF6, 0x1FFC, 0x2102, 0x2102, 0x2107, 0x2107, 0x210A, 0x2113, 0x2115, 0x2115, 0x2119,
    0x211D, 0x2124, 0x2124, 0x2126, 0x2126, 0x2128, 0x2128, 0x212A, 0x212D, 0x212F, 0x2134, 0x2139, 0x2139, 0x213C,
    0x213F, 0x2145, 0x2149, 0x214E, 0x214E, 0x2183, 0x2184, 0x2C00, 0x2C7B, 0x2C7E, 0x2CE4, 0x2CEB, 0x2CEE, 0x2CF2,
    0x2CF3, 0xA640, 0xA66D, 0xA680, 0xA69B, 0xA722, 0xA76F, 0xA771, 0xA787, 0xA78B, 0xA78E, 0xAB70, 0xABBF, 0xFB00,
    0xFB06, 0xFB13, 0xFB17, 0xFF21, 0xFF3A, 0xFF41, 0xFF5A, 0x10400, 0x1044F, 0x104B0, 0x104D3, 0x104D8, 0x104FB,
    0x10C80, 0x10CB2, 0x10CC0, 0x10CF2, 0x118A0, 0x118DF, 0x1E900, 0x1E943]
EAST_ASIAN = "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+"
SIGNS = "\\s?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002]+"


def deepseek_letters():
    out = "\\s?["
    for first, last in zip(DEEPSEEK_LETTERS[::2], DEEPSEEK_LETTERS[1::2]):
        out += chr(first) + ("-" if last > first + 1 else "") + (chr(last) if last > first else "")
    return out + "]+"


def splits(*expressions):
    return [pre_tokenizers.Split(Regex(e), "isolated") for e in expressions]


BYTES = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
BYTE_LEVEL = {
    "smollm": pre_tokenizers.Sequence([pre_tokenizers.Digits(True), pre_tokenizers.ByteLevel(add_prefix_space=False)]),
    "gpt2": pre_tokenizers.ByteLevel(add_prefix_space=False),
    "roberta": pre_tokenizers.ByteLevel(add_prefix_space=True),
    "llama3": pre_tokenizers.Sequence(splits(LLAMA3) + [BYTES]),
    "qwen2": pre_tokenizers.Sequence(splits(QWEN2) + [BYTES]),
    "deepseek-llm": pre_tokenizers.Sequence(
        splits("[\r\n]", deepseek_letters(), SIGNS, "\\s+$", EAST_ASIAN) + [pre_tokenizers.Digits(True), BYTES]),
    "deepseek-coder": pre_tokenizers.Sequence(
        splits("[\r\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", EAST_ASIAN) + [pre_tokenizers.Digits(True), BYTES]),
    "deepseek-v3": pre_tokenizers.Sequence(
        splits("\\p{N}{1,3}", "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+", DEEPSEEK3) + [BYTES]),
}
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
BYTE_TOKENS = [f"<0x{byte:02X}>" for byte in range(256)]
MARK = "\u2581"


def changed(tokenizer, **model):
    """The same tokenizer with some fields of its model set, which the package lets one do only in the file."""
    content = json.loads(tokenizer.to_str())
    content["model"].update(model)
    return Tokenizer.from_str(json.dumps(content))


def byte_level(name, lines, size):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = BYTE_LEVEL[name]
    tokenizer.decoder = decoders.ByteLevel()
    if name == "qwen2":
        tokenizer.normalizer = normalizers.NFC()
    # smollm's own vocabulary lacks some bytes too, which are dropped from a text.
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())[: 200 if name == "smollm" else 256]
    tokenizer.train_from_iterator(
        lines, trainers.BpeTrainer(vocab_size=size, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False))
    return changed(tokenizer, ignore_merges=True) if name == "llama3" else tokenizer


def sentencepiece_bpe(lines, size, kind):
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.train_from_iterator(lines, trainers.BpeTrainer(
        vocab_size=size, limit_alphabet=150, show_progress=False, special_tokens=["<unk>", "<s>", "</s>"] + BYTE_TOKENS))
    content = json.loads(tokenizer.to_str())
    content["added_tokens"] = [t for t in content["added_tokens"] if not t["content"].startswith("<0x")]
    tokenizer = Tokenizer.from_str(json.dumps(content))
    tokenizer.decoder = decoders.Sequence([decoders.Replace(MARK, " "), decoders.ByteFallback(), decoders.Fuse(),
                                           decoders.Strip(" ", 1, 0)])
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend(MARK), normalizers.Replace(" ", MARK)])
    tokenizer.pre_tokenizer = None
    if kind == "mistral":
        tokenizer.normalizer = None
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    elif kind == "gemma":
        tokenizer.normalizer = normalizers.Replace(" ", MARK)
        tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
        tokenizer.add_tokens([AddedToken("\n" * n, normalized=False) for n in range(2, 8)])
        tokenizer.add_tokens([AddedToken(MARK * n, normalized=False) for n in range(2, 8)])
    return tokenizer


def unigram(lines, size, byte_fallback):
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    special = ["<unk>", "<s>", "</s>"]
    tokenizer.train_from_iterator(lines, trainers.UnigramTrainer(
        vocab_size=size, unk_token="<unk>", show_progress=False,
        special_tokens=special + (BYTE_TOKENS if byte_fallback else [])))
    if not byte_fallback:
        return tokenizer
    content = json.loads(tokenizer.to_str())
    content["added_tokens"] = [t for t in content["added_tokens"] if not t["content"].startswith("<0x")]
    content["model"]["byte_fallback"] = True
    return Tokenizer.from_str(json.dumps(content))


def bert(lines, size, lowercase):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(lines, trainers.WordPieceTrainer(
        vocab_size=size, special_tokens=special, show_progress=False))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    return tokenizer


def with_added_tokens(lines, size):
    """Every flag of added tokens, and normalisation before they are looked for."""
    tokenizer = byte_level("gpt2", lines, size)
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents(), normalizers.Lowercase()])
    tokenizer.add_tokens([AddedToken(" " * n, normalized=False) for n in (2, 4, 8)])
    tokenizer.add_tokens([AddedToken("Straße"), AddedToken("the", single_word=True), AddedToken("[x]", lstrip=True),
                          AddedToken("[y]", rstrip=True, normalized=False), AddedToken("ab"), AddedToken("abcab"),
                          AddedToken("für", single_word=True, lstrip=True, rstrip=True)])
    return tokenizer


def whitespace(lines, size):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=12))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Strip(), normalizers.NFD(), normalizers.NFC()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.Punctuation(),
                                                       pre_tokenizers.Digits(False)])
    tokenizer.train_from_iterator(lines, trainers.WordPieceTrainer(
        vocab_size=size, special_tokens=["[UNK]"], show_progress=False))
    return tokenizer


RECIPES = {
    **{name: lambda lines, size, name=name: byte_level(name, lines, size) for name in BYTE_LEVEL},
    "llama2": lambda lines, size: sentencepiece_bpe(lines, size, "llama"),
    "mistral": lambda lines, size: sentencepiece_bpe(lines, size, "mistral"),
    "gemma": lambda lines, size: sentencepiece_bpe(lines, size, "gemma"),
    "unigram": lambda lines, size: unigram(lines, size, False),
    "unigram-bytes": lambda lines, size: unigram(lines, size, True),
    "bert": lambda lines, size: bert(lines, size, True),
    "bert-cased": lambda lines, size: bert(lines, size, False),
    "added-tokens": with_added_tokens,
    "whitespace": whitespace,
}


def from_gguf(path):
    """The tokenizer of a model file with SmolLM2's pre-tokenizer, as its tokenizer.json on the hub has it."""
    from gguf import GGUFReader
    fields = GGUFReader(path).fields

    def read(key):
        return fields[f"tokenizer.ggml.{key}"].contents()

    assert read("pre") == "smollm"
    tokens, types = read("tokens"), read("token_type")
    merges = [tuple(line.split(" ", 1)) for line in read("merges")]
    tokenizer = Tokenizer(models.BPE(vocab={t: i for i, t in enumerate(tokens)}, merges=merges))
    tokenizer.pre_tokenizer = BYTE_LEVEL["smollm"]
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([t for t, kind in zip(tokens, types) if kind == 3])
    return tokenizer


def encode(tokenizer, texts, special):
    """The package's ids; `special`: whether the names of special tokens in a text count."""
    tokenizer.encode_special_tokens = not special
    return [encoding.ids for encoding in tokenizer.encode_batch_fast(texts, add_special_tokens=False)]


def comparable(name, lines):
    """The package also finds special tokens that are pieces of a Unigram or WordPiece vocabulary where they do not
    count, Walchen never does; such lines are left out there."""
    if name not in ("unigram", "unigram-bytes", "whitespace"):
        return lines
    names = ("<s>", "</s>", "<unk>", "UNK")
    return [x for x in lines if not any((s.encode() if isinstance(x, bytes) else s) in x for s in names)]
