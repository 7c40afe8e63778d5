"""People's images and drawings, made to look like MNIST: the one place where that happens.

MNIST was made from scans like this: the digit is scaled, keeping its shape, until it fills a box of
20 x 20 pixels, and is put into 28 x 28 with its centre of mass in the middle (index 14, 14); ink is
255 on 0. `normalise` does it for anything that is grey, `read` first turns a file into that. What
MNIST has passed through once comes out nearly unchanged, so nothing needs to know where an image
is from.
"""

import io
import math
import struct
import zlib
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from PIL import Image, ImageOps
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from rnnviz.data import DataError
from rnnviz.data.sheets import within

SIDE, BOX = 28, 20

MAXIMUM_PIXELS = 16_000_000
"""A file with more than this is refused from its header, before any pixel is decoded."""

WORKING_SIDE = 512
"""Larger images are averaged down to this first; a digit ends in 20 pixels, so it loses nothing."""

CLEAN_NOISE = 0.4 / 255
"""With less deviation along the border an image is a drawing, with more a photo of paper."""

# The least contrast, of 1, that counts as ink: a drawing may be faint, paper has shades of its own.
FAINTEST_DRAWN, FAINTEST_PHOTO = 8 / 255, 0.08

SPECK = 0.03
"""A spot with less than this share of the largest one's ink is dirt or a slip of the pen."""

MOST_INK = 0.6
"""Of the box of 20 x 20: the thickest digits fill less."""

WIDEST = 1.8
"""A digit is hardly wider than tall; so much wider, it is several that touch."""

FRAMED = "The picture has a frame or a table around the sheet: that was left out."
SEVERAL = (
    "There seem to be several digits in the picture, which are read as one: cut out the one that "
    "is meant."
)
MUCH_INK = (
    "Most of the picture is taken for ink. If it has a frame or a dark table in it, cut the digit "
    "out more closely."
)

# What Pillow's readers were seen to raise for files with flipped and missing bytes. Its error for a
# picture that says it is huge comes before our own, where a format knows its size late.
DAMAGE = (
    *(OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, AttributeError),
    *(EOFError, OverflowError, MemoryError, struct.error, zlib.error),
    Image.DecompressionBombError,
)

OTHER_FORMATS = (
    (b"GIF8", "a GIF"),
    (b"BM", "a BMP"),
    (b"II*\x00", "a TIFF"),
    (b"MM\x00*", "a TIFF"),
    (b"%PDF", "a PDF"),
    (b"<svg", "an SVG"),
    (b"<?xml", "an SVG or XML file"),
    (b"\x00\x00\x00\x0cjP", "a JPEG 2000"),
)


class ImageError(DataError):
    """The file is no image that can be read; the message says what was expected and what to do."""


class EmptyImageError(ImageError):
    """The image is readable, but nothing is drawn on it."""


@dataclass(frozen=True)
class Look:
    """A digit (28, 28) uint8, ink 255 on 0, and whole sentences on how it was found."""

    pixels: np.ndarray
    notices: tuple[str, ...] = ()


def read(data: bytes) -> np.ndarray:
    """The digit that `look` finds, without a word; raises as it does."""
    return look(data).pixels


def look(data: bytes) -> Look:
    """The digit (28, 28) uint8 in a PNG, JPEG or WebP file of any size, ink 255 on 0.

    The format is taken from the contents. Transparent pixels become the ground, palettes, CMYK,
    16 bits and a camera's orientation are understood. Of a sheet in a frame the sheet is read. That
    is said, and so are several digits, and ink that covers most of the picture.

    Raises `ImageError` for other files, animations, more than 16 megapixels and damaged data,
    `EmptyImageError` when there is nothing to see.
    """
    sheet, framed = within(_shrunk(grey(data)))
    ink = _without_specks(*_ink(sheet))
    pixels = _centred(_boxed(_cropped(ink)))
    said = {
        FRAMED: framed,
        SEVERAL: _are_several(ink),
        MUCH_INK: (pixels > 100).sum() > MOST_INK * BOX**2,
    }
    return Look(pixels, tuple(sentence for sentence, holds in said.items() if holds))


def normalise(gray: np.ndarray) -> np.ndarray:
    """The digit (28, 28) uint8 in a grey picture (H, W): ink 255 on 0, in MNIST's manner.

    `gray` holds unsigned integers of any width or floats in 0..1, light on dark or dark on light.

    1. The ground is the border's median, or for a photo a quadratic surface fitted to the paper, so
       that light falling from one side does not count as ink.
    2. Ink is the distance from the ground on the side where it is larger, 1 at its strongest.
    3. Specks go; the rest is cropped and scaled into 20 x 20, keeping its aspect ratio.
    4. It is stretched to 0..255 and moved by whole pixels, its centre of mass to the middle.

    Raises `EmptyImageError` when nothing stands out from the ground, `ImageError` for other shapes.
    """
    return _centred(_boxed(_cropped(_without_specks(*_ink(_shrunk(_unit(gray)))))))


def grey(data: bytes) -> np.ndarray:
    """The pixels (H, W) of an image file as floats in 0..1; at most `WORKING_SIDE` a side for JPEG.

    Raises `ImageError` as `read` does.
    """
    picture = _opened(data)
    width, height = picture.size
    if width * height > MAXIMUM_PIXELS:
        raise ImageError(
            f"expected at most {MAXIMUM_PIXELS // 10**6} megapixels, got {width} x {height} "
            f"({width * height / 10**6:.0f} megapixels): make the image smaller"
        )
    if not isinstance(picture, JpegImageFile) and getattr(picture, "is_animated", False):
        raise ImageError("expected one still image, got an animation: save one frame of it")
    try:
        if isinstance(picture, JpegImageFile):
            picture.draft(None, (2 * WORKING_SIDE, 2 * WORKING_SIDE))
        picture.load()
        upright = ImageOps.exif_transpose(picture)
        return _luminance(upright, isinstance(picture, PngImageFile))
    except DAMAGE as error:
        raise ImageError(
            "expected a whole image, got one that is damaged or cut off: save or copy it again"
        ) from error


def _opened(data: bytes) -> ImageFile:
    """The file's header, read by the reader that its first bytes ask for.

    Not `Image.open`: it tries formats nobody asked for, takes the pictures of some phones for
    animations, and its own limit on pixels is a global that warns into the log.
    """
    if not data:
        raise ImageError("expected a PNG, JPEG or WebP image, got an empty file: choose another")
    reader: type[ImageFile]
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        reader = PngImageFile
    elif data.startswith(b"\xff\xd8\xff"):
        reader = JpegImageFile
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        reader = WebPImageFile
    else:
        raise ImageError(
            f"expected a PNG, JPEG or WebP image, got {_guess(data)}: save it as PNG and try again"
        )
    try:
        return reader(io.BytesIO(data))
    except DAMAGE as error:
        raise ImageError(
            "expected a whole image, got one whose header is damaged or cut off: save or copy it "
            "again"
        ) from error


def _guess(data: bytes) -> str:
    if data[4:8] == b"ftyp" and data[8:12] in (b"heic", b"heix", b"mif1", b"avif"):
        return "an HEIC or AVIF photo"
    start = data.lstrip()[:8]
    return next((name for mark, name in OTHER_FORMATS if start.startswith(mark)), "something else")


def _luminance(picture: Image.Image, exact: bool) -> np.ndarray:
    """(H, W) floats 0..1; transparent pixels take the shade that the ink is farther from."""
    if picture.mode.startswith("I"):
        return _stretched(np.asarray(picture, dtype=np.float32) / 65535, 0.25)
    if "transparency" in picture.info or picture.mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        colours = np.asarray(picture.convert("RGBA"), dtype=np.float32) / 255
        shade = colours[..., :3] @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
        alpha = colours[..., 3]
        opaque = float(alpha.sum())
        ground = 0.0 if opaque and float((shade * alpha).sum()) / opaque > 0.5 else 1.0
        return shade * alpha + ground * (1 - alpha)
    shades = np.asarray(picture.convert("L"), dtype=np.float32) / 255
    # A mask of zeros and ones, which looks black to people. Only a PNG keeps it as it was.
    is_mask = exact and shades.max() < FAINTEST_DRAWN
    return _stretched(shades, FAINTEST_DRAWN) if is_mask else shades


def _stretched(values: np.ndarray, least: float) -> np.ndarray:
    """The values in 0..1; those that use less than `least` of it are spread over all of it."""
    low, high = float(values.min()), float(values.max())
    spread = (values - low) / (high - low) if 0 < high - low < least else values
    return spread.clip(0, 1)


def _unit(gray: np.ndarray) -> np.ndarray:
    """`gray` as float32 in 0..1, checked."""
    values = np.asarray(gray)
    if values.ndim != 2 or 0 in values.shape:
        raise ImageError(f"expected a grey image (height, width), got shape {values.shape}")
    if values.dtype.kind == "u":
        return values.astype(np.float32) / np.iinfo(values.dtype).max
    if values.dtype.kind != "f":
        raise ImageError(f"expected unsigned integers or floats in 0..1, got {values.dtype}")
    if not np.isfinite(values).all() or values.min() < 0 or values.max() > 1:
        raise ImageError("expected floats in 0..1, got values outside or not finite")
    return values.astype(np.float32)


def _shrunk(values: np.ndarray) -> np.ndarray:
    factor = math.ceil(max(values.shape) / WORKING_SIDE)
    return np.asarray(Image.fromarray(values).reduce(factor)) if factor > 1 else values


def _ink(values: np.ndarray) -> tuple[np.ndarray, bool]:
    """How much ink each pixel (H, W) holds, 0..1, whatever the polarity; and is it a photo?"""
    edge = max(1, min(values.shape) // 50)
    inner = np.zeros(values.shape, dtype=bool)
    inner[edge:-edge, edge:-edge] = True
    border = values[~inner]
    ground = np.median(border)
    photo = np.median(np.abs(border - ground)) > CLEAN_NOISE
    paper = _paper(values) if photo else ground
    light = values - paper
    judged = _blurred(light) if photo else light
    if -judged.min() > judged.max():
        # Lamps multiply: dark ink is a share of the brightness that the paper has at that place.
        light = -light / paper.clip(0.1) if photo else -light
    strongest = float((_blurred(light) if photo else light).max())
    noise = 1.4826 * float(np.median(np.abs(light)))
    if strongest < (max(FAINTEST_PHOTO, 2 * noise) if photo else FAINTEST_DRAWN):
        raise EmptyImageError(
            "expected a digit, got an image with nothing on it: draw or choose one with ink on it"
        )
    # Paper is never even: what is fainter than a third of the ink is ground, and an edge that
    # steep costs a photo nothing, because it is many pixels wide.
    low, high = (0.35, 0.85) if photo else (0.0, 1.0)
    return ((light / strongest - low) / (high - low)).clip(0, 1), bool(photo)


def _blurred(values: np.ndarray) -> np.ndarray:
    """Means over a few pixels, so that a single noisy one is not taken for ink."""
    from scipy.ndimage import uniform_filter

    return uniform_filter(values, min(5, 1 + min(values.shape) // 50))


def _paper(values: np.ndarray) -> np.ndarray:
    """A quadratic surface (H, W) through the paper, fitted repeatedly without what stands out."""
    rows, columns = (np.linspace(-1, 1, count, dtype=np.float32) for count in values.shape)
    y, x = np.meshgrid(rows, columns, indexing="ij")
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], -1)
    step = max(1, max(values.shape) // 64)
    sampled = terms[::step, ::step].reshape(-1, 6)
    wanted = values[::step, ::step].ravel()
    kept = np.ones(len(wanted), dtype=bool)
    weights = np.zeros(6, dtype=np.float32)
    for _ in range(8):
        weights = np.linalg.lstsq(sampled[kept], wanted[kept], rcond=None)[0]
        residual = np.abs(wanted - sampled @ weights)
        kept = residual <= max(2.5 * 1.4826 * float(np.median(residual[kept])), 2 / 255)
    return terms @ weights


def _without_specks(ink: np.ndarray, photo: bool) -> np.ndarray:
    """The ink (H, W) without spots that hold less than `SPECK` of the largest one's.

    In a photo, spots that run out of the picture are its surroundings (a table, a shadow, a
    finger), unless there is hardly anything else.
    """
    from scipy.ndimage import label, maximum_filter
    from scipy.ndimage import sum as sums

    spots, count = label(ink > 0.3, structure=np.ones((3, 3)))
    mass = sums(ink, spots, np.arange(count + 1))
    mass[0] = 0
    rim = np.concatenate([spots[0], spots[-1], spots[:, 0], spots[:, -1]])
    inside = np.delete(mass, np.unique(rim))
    if photo and inside.sum() >= 0.1 * mass.sum():
        mass[rim] = 0
    kept = (mass > 0) & (mass >= SPECK * mass.max())
    # Soft edges lie outside of the spots, and are as wide as the image was enlarged.
    reach = 2 + max(ink.shape) // 40
    near = maximum_filter(kept[spots], 2 * reach + 1)
    return np.where(near & (kept[spots] | (spots == 0)), ink, 0)


def _are_several(ink: np.ndarray) -> bool:
    """Whether large parts of the ink stand apart, side by side or one above the other.

    The bar of a five may lie apart as well, but it is flat.
    """
    from scipy.ndimage import find_objects, label
    from scipy.ndimage import sum as sums

    spots, count = label(ink > 0.3, structure=np.ones((3, 3)))
    mass = sums(ink, spots, np.arange(1, count + 1))
    boxes = [box for box, one in zip(find_objects(spots), mass, strict=True)
             if one > 0.25 * mass.max()]  # fmt: skip
    heights = [box[0].stop - box[0].start for box in boxes]
    tall = [box for box, one in zip(boxes, heights, strict=True) if one > 0.5 * max(heights)]
    for axis in (0, 1):
        ends = sorted((box[axis].start, box[axis].stop) for box in tall)
        if any(after[0] >= before[1] for before, after in pairwise(ends)):
            return True
    height, width = _cropped(ink).shape
    return bool(WIDEST * height < width < 10 * height)


def _cropped(ink: np.ndarray) -> np.ndarray:
    inked = ink > 0.1
    rows, columns = np.flatnonzero(inked.any(1)), np.flatnonzero(inked.any(0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _boxed(ink: np.ndarray) -> np.ndarray:
    """The cropped ink scaled so that its longer side is 20 pixels, strokes at full strength."""
    height, width = ink.shape
    factor = BOX / max(height, width)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    scaled = Image.fromarray(ink.astype(np.float32)).resize(size, Image.Resampling.BICUBIC)
    small = np.asarray(scaled).clip(0, 1)
    inked = small[small > 0.1 * small.max()]
    # Thin strokes turn grey when they shrink. In MNIST the strongest tenth of the ink is white.
    return (small / np.percentile(inked, 90)).clip(0, 1)


def _centred(box: np.ndarray) -> np.ndarray:
    """The box in 28 x 28 uint8, by whole pixels where its centre of mass is nearest (14, 14)."""
    canvas = np.zeros((SIDE, SIDE), dtype=np.uint8)
    places = []
    for axis in (0, 1):
        profile = box.sum(1 - axis)
        centre = float(profile @ np.arange(len(profile))) / float(profile.sum())
        # Ink is never pushed over the edge, however lopsided it is.
        places.append(min(max(round(SIDE / 2 - centre), 0), SIDE - len(profile)))
    top, left = places
    canvas[top : top + box.shape[0], left : left + box.shape[1]] = np.rint(box * 255)
    return canvas
