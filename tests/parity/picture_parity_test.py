#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The pixels that Walchen reads from pictures are those that Pillow reads: 100 files written by Pillow from a fixed seed.

The size must be equal. Pixels differ by the decoders' rounding: none for what is stored exactly; for JPEG and WebP, whose
decoders may round colours differently, and for pictures that are made small, where Walchen lets the JPEG decoder halve first,
the bounds below. A wrong orientation, palette, channel order or ink gives 20 and more.
"""

import io
import json
import os
import pathlib
import random
import subprocess
import tempfile
import unittest

import numpy
from PIL import Image

SIDE_MAX = 512  # data/picture.h: kPictureSideMax
EXACT_BOUND = 0.51  # alpha on white is rounded once here and once there
LOSSY_BOUND = 1.5
SMALL_BOUND = 2.0


def parts_of(paths):
    """Path -> its part, as the program next to this test prints them."""
    ran = subprocess.run([pathlib.Path(os.environ["WALCHEN_BUILD"]) / "extract_parts"], check=True, text=True,
                         input="".join(f"{path}\n" for path in paths), capture_output=True)
    return {part["path"]: part for part in map(json.loads, ran.stdout.splitlines())}


def on_white(image):
    """An upright picture on white, as Walchen makes them."""
    image = upright(image).convert("RGBA")
    paper = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(paper, image).convert("RGB")


def upright(image):
    turns = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
             5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
             8: Image.Transpose.ROTATE_90}
    image.load()  # turns a TIFF, and forgets its orientation
    turn = turns.get(image.getexif().get(0x0112, 1))
    return image.transpose(turn) if turn is not None else image


def area_mean(pixels, width, height):
    """The mean over the area of each new pixel, with shares of the pixels at its edges."""
    def weights(old, new):
        edges = numpy.arange(new + 1) * (old / new)
        low = numpy.maximum(edges[:-1, None], numpy.arange(old)[None])
        high = numpy.minimum(edges[1:, None], numpy.arange(old)[None] + 1)
        return numpy.maximum(high - low, 0) * (new / old)
    rows, columns = weights(pixels.shape[0], height), weights(pixels.shape[1], width)
    return numpy.einsum("yj,jic,xi->yxc", rows, pixels, columns, optimize=True)


class PictureParityTest(unittest.TestCase):
    def setUp(self):
        self.random = random.Random(20261122)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.bounds = {}

    def picture(self, mode, width=None, height=None):
        """Smooth colours with a shape in one corner, so that every turn looks different."""
        width, height = width or self.random.randrange(30, 120), height or self.random.randrange(30, 120)
        x, y = numpy.meshgrid(numpy.linspace(0, 1, width), numpy.linspace(0, 1, height))
        phase = self.random.uniform(0, 3)
        pixels = numpy.stack([255 * x, 255 * y, 127 + 127 * numpy.sin(3 * x + phase + 2 * y)], axis=2)
        pixels[: height // 4, : width // 3] = [230, 30, 60]
        image = Image.fromarray(pixels.astype(numpy.uint8), "RGB")
        if mode in ("RGBA", "LA"):
            alpha = Image.fromarray((255 * (x + y) / 2).astype(numpy.uint8), "L")
            image = image.convert("L") if mode == "LA" else image
            image.putalpha(alpha)
            return image
        if mode == "I;16":
            return Image.fromarray((65535 * (x + y) / 2).astype(numpy.uint16))
        return image.convert(mode)

    def save(self, image, name, bound, **options):
        path = self.folder / name
        image.save(path, **options)
        self.bounds[path] = bound

    def compare(self):
        parts, differences = parts_of(self.bounds), []
        for path, bound in self.bounds.items():
            part = parts[str(path)]
            self.assertEqual(part["quarantine"], "", path)
            found = Image.open(io.BytesIO(bytes.fromhex(part["content"])))
            self.assertEqual((found.mode, set(found.info)), ("RGB", {"srgb"}), path)
            found = numpy.asarray(found, dtype=float)
            with Image.open(path) as image:
                if image.mode.startswith("I;16"):  # Pillow clips these where it should scale
                    image = Image.fromarray((numpy.asarray(image).astype(int) * 255 // 65535).astype(numpy.uint8), "L")
                wanted = numpy.asarray(on_white(image), dtype=float)
            longer = max(wanted.shape)
            if longer > SIDE_MAX:
                height, width = (max(1, int(side * SIDE_MAX / longer + 0.5)) for side in wanted.shape[:2])
                wanted = area_mean(wanted, width, height)
            self.assertEqual(found.shape, wanted.shape, path)
            differences.append((abs(found - wanted).mean() - bound, path))
        self.assertLess(max(differences)[0], 0, sorted(differences)[-5:])
        return len(self.bounds)

    def test_every_format_and_kind_of_pixel(self):
        for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
            self.save(self.picture(mode), f"{mode.replace(';', '')}.png", EXACT_BOUND)
        self.save(self.picture("RGB").quantize(7), "seven.png", EXACT_BOUND, bits=4)
        self.save(self.picture("P"), "clear.png", EXACT_BOUND, transparency=3)
        for mode in ("L", "RGB", "CMYK"):
            for subsampling in (0, 2):
                name = f"{mode}{subsampling}"
                self.save(self.picture(mode), f"{name}.jpg", LOSSY_BOUND, quality=92, subsampling=subsampling)
                self.save(self.picture(mode), f"{name}p.jpg", LOSSY_BOUND, quality=92, subsampling=subsampling,
                          progressive=True)
        for mode in ("1", "L", "P", "RGB"):
            self.save(self.picture(mode), f"{mode}.gif", EXACT_BOUND, interlace=mode == "L")
        self.save(self.picture("P"), "clear.gif", EXACT_BOUND, transparency=3)
        for mode in ("RGB", "RGBA"):
            self.save(self.picture(mode), f"{mode}.webp", EXACT_BOUND, lossless=True)
            self.save(self.picture(mode), f"{mode}-lossy.webp", LOSSY_BOUND, quality=90)
        for mode in ("1", "L", "P", "RGB", "RGBA", "I;16", "CMYK"):
            self.save(self.picture(mode), f"{mode.replace(';', '')}.tif", EXACT_BOUND)
        for compression in ("tiff_lzw", "tiff_adobe_deflate", "packbits"):
            self.save(self.picture("RGB"), f"{compression}.tif", EXACT_BOUND, compression=compression)
        self.assertGreaterEqual(self.compare(), 40)

    def test_every_orientation(self):
        for orientation in range(1, 9):
            exif = Image.Exif()
            exif[0x0112] = orientation
            self.save(self.picture("RGB"), f"{orientation}.jpg", LOSSY_BOUND, quality=92, exif=exif)
            self.save(self.picture("RGB"), f"{orientation}.png", EXACT_BOUND, exif=exif)
            self.save(self.picture("RGB"), f"{orientation}.webp", EXACT_BOUND, lossless=True, exif=exif)
            self.save(self.picture("RGB"), f"{orientation}.tif", EXACT_BOUND, exif=exif)
        self.assertEqual(self.compare(), 32)

    def test_large_pictures_are_made_small(self):
        sizes = [(513, 100), (700, 701), (1024, 512), (1500, 1111), (3000, 40), (2100, 2500), (4200, 1300)]
        for number, (width, height) in enumerate(sizes):
            self.save(self.picture("RGB", width, height), f"{number}.png", EXACT_BOUND, compress_level=1)
            self.save(self.picture("RGB", width, height), f"{number}.jpg", SMALL_BOUND, quality=92)
        self.save(self.picture("RGBA", 900, 800), "alpha.png", 0.6)
        self.save(self.picture("L", 1201, 64), "grey.tif", EXACT_BOUND)
        self.save(self.picture("RGB", 640, 1000), "lossy.webp", LOSSY_BOUND, quality=90)
        self.assertEqual(self.compare(), 17)

    def test_the_first_of_several_frames_is_read(self):
        frames = [self.picture("RGB", 60, 50) for _ in range(3)]
        for ending, options in (("gif", {}), ("webp", {"lossless": True}), ("tif", {}), ("png", {})):
            name = f"frames.{ending}"
            self.save(frames[0].quantize(64) if ending == "gif" else frames[0], name, EXACT_BOUND, save_all=True,
                      append_images=frames[1:], **options)
        self.assertEqual(self.compare(), 4)
        for path, part in parts_of(self.bounds).items():
            self.assertIn("the first of several pictures in the file", part["notes"], path)


if __name__ == "__main__":
    unittest.main()
