# SPDX-License-Identifier: Apache-2.0
"""Lines to tokenize: English, German, code, emoji, random Unicode, white space, special tokens and broken UTF-8.

The same seed gives the same lines on one machine; found text (Python's library, documentation, translations) differs
between machines, what is generated does not.
"""
import pathlib
import random
import sysconfig

GERMAN = """Die Größe der Maschine ändert sich über Nacht. Wir prüfen täglich Öl, Kühlwasser und Förderband; danach heißt es: weiter!
Straßenbahnfahrer müssen früh aufstehen. Übermäßiger Verschleiß führt zu Stillständen, Ausfällen und Mehrkosten.
Im Jahr 1924 ging das Walchenseekraftwerk ans Netz – 124 Megawatt für Bayern. „Das Ganze ist mehr als die Summe“, sagte er.
Der Qualitätsprüfer misst 3,75 mm statt 4,00 mm; die Abweichung beträgt 6,25 %. Bitte Rückmeldung bis 31.12.2026, 17:30 Uhr!
Donaudampfschifffahrtsgesellschaftskapitän, Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz, Fußgängerübergänge.
Hände hoch? Nein: Getriebe, Lager, Wälzkörper, Drehstrommotor, Spindel, Fräser, Späne, Kühlschmierstoff, Prüfstand."""
EMOJI = ["😀", "👍🏽", "👩‍👩‍👧‍👦", "🇩🇪", "❤️", "🏳️‍🌈", "1️⃣", "🤖", "⚙️", "🫠", "☕", "✅", "🧑🏿‍🚀", "©", "™", "→", "∑", "½", "Ⅳ", "①"]
SPACES = [" ", "  ", "   ", "\t", "\n", "\r\n", "\r", "\u00a0", "\u2003", "\u3000", "\u2028", "\u0085", "\x0b", "\n\n", " \n "]
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<s>", "</s>", "<unk>", "[CLS]", "[UNK]", "[MASK]", "<0x0A>",
           "[x]", "[y]", "the", "abcab", "abcabab", "Straße", " für ", "\u2581", "\u2581\u2581\u2581", "##ing", "<|im_", "end|>"]
CONTRACTIONS = ["'s", "'S", "'t", "'re", "'RE", "'ve", "'Ll", "'ll", "'d", "'M", "'\u017f", "''s", "' s", "\u2019s", "'"]
WORDS = ["the", "Maschine", "import", "0", "12", "123", "1234567", "3.14", "x", "Hello", "WORLD", "don", "naïve", "日本語", "テスト",
         "中文", "한국어", "Привет", "Ελλάς", "שלום", "مرحبا", "नमस्ते", "ไทย", "e\u0301", "A\u030a", "\u1e9b\u0323", "ﬁ", "ǅ",
         "İstanbul", "ß", "ẞ", "Σίσυφος", "\u0345", "\u200b", "\u200d", "\ufeff", "\u0000", "\u001b", "\ufffd", "_", "__init__",
         "!=", "->", "...", "//", "\\", "\"", "«", "»", "、", "。", "！", "٣", "৪", "²"]


def found_lines():
    """Lines of code, English and, where translations are installed, German."""
    library = pathlib.Path(sysconfig.get_path("stdlib"))
    for path in sorted(library.glob("*.py")):
        yield from path.read_text("utf-8", "replace").splitlines()
    for folder in ("/usr/share/common-licenses", "/usr/share/doc"):
        for path in sorted(pathlib.Path(folder).glob("**/*")):
            if path.is_file() and path.suffix not in (".gz", ".png"):
                yield from path.read_text("utf-8", "replace").splitlines()
    for path in sorted(pathlib.Path("/usr/share/locale/de").glob("LC_MESSAGES/*.mo")):  # texts with zeros between
        yield from path.read_bytes().decode("utf-8", "replace").replace("\0", "\n").splitlines()


def german(rng):
    words = GERMAN.split()
    return " ".join(rng.choice(words) for _ in range(rng.randint(1, 14)))


def mixed(rng):
    pools = (WORDS, SPACES, EMOJI, CONTRACTIONS, SPECIAL, SPACES)
    return "".join(rng.choice(rng.choice(pools)) for _ in range(rng.randint(1, 16)))


def unicode_noise(rng):
    out = []
    for _ in range(rng.randint(1, 12)):
        block = rng.choice((0x80, 0x250, 0x800, 0x3000, 0x10000, 0x20000, 0x110000))
        code = rng.randrange(block)
        out.append(" " if rng.random() < 0.15 else "\ufffd" if 0xD800 <= code < 0xE000 else chr(code))
    return "".join(out)


def runs(rng):
    return "".join(rng.choice("aA0 \n.'\u2581é漢") * rng.randint(1, 40) for _ in range(rng.randint(1, 4)))


def broken(rng):
    """Bytes that are not UTF-8: cut, exchanged or made up."""
    raw = bytearray((mixed(rng) + unicode_noise(rng)).encode())
    for _ in range(rng.randint(1, 4)):
        raw.insert(rng.randrange(len(raw) + 1), rng.choice((0x80, 0xBF, 0xC0, 0xC3, 0xE2, 0xED, 0xF0, 0xF4, 0xFF)))
    return bytes(raw[: rng.randint(1, len(raw))])


def corpus(count, seed=1924):
    """`count` lines, str or (where they are not valid UTF-8) bytes: half of them found, the rest generated."""
    rng = random.Random(seed)
    found = [line for line in found_lines() if line.strip()]
    rng.shuffle(found)
    lines = [line[:200] for line in found[: count // 2]]
    makers = (german, mixed, unicode_noise, runs, broken, mixed, german, mixed)
    while len(lines) < count:
        lines.append(rng.choice(makers)(rng))
    return lines


def training_lines(seed=7):
    """What the small tokenizers are trained on: no names of special tokens, which would become ordinary pieces."""
    rng = random.Random(seed)
    found = [line[:200] for line in found_lines() if line.strip() and not any(name in line for name in SPECIAL[:9])]
    lines = rng.sample(found, min(8000, len(found)))
    lines += [german(rng) for _ in range(2000)]
    lines += ["".join(rng.choice(WORDS + EMOJI + SPACES + CONTRACTIONS) for _ in range(8)) for _ in range(1000)]
    return lines
