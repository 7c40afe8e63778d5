"""People's images. Oracles: one digit in many disguises, MNIST itself, and Pillow's own files."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from rnnviz.data import images, mnist, samples
from rnnviz.data.images import EmptyImageError, ImageError

SAMPLES, LABELS = samples.load()


def page(index: int = 4, side: int = 140, height: int = 200, width: int = 180) -> np.ndarray:
    """Ink (height, width) in 0..1: a bundled sample enlarged to `side`, somewhere on a page."""
    digit = Image.fromarray(SAMPLES[index]).resize((side, side), Image.Resampling.BICUBIC)
    ink = np.zeros((height, width), dtype=np.float32)
    top, left = (height - side) // 3, (width - side) // 2
    ink[top : top + side, left : left + side] = np.asarray(digit, dtype=np.float32) / 255
    return ink


def file(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def printed(ink: np.ndarray) -> Image.Image:
    """Black on white, 8 bits."""
    return Image.fromarray(np.rint(255 * (1 - ink)).astype(np.uint8))


def difference(first: np.ndarray, second: np.ndarray) -> float:
    """The mean difference of two images 0..255, at the best of the shifts by up to one pixel.

    The centre of mass is rounded to whole pixels, so a hair's breadth may move a digit by one.
    """
    shifts = [(rows, columns) for rows in (-1, 0, 1) for columns in (-1, 0, 1)]
    return min(
        float(np.abs(first.astype(float) - np.roll(second, shift, (0, 1))).mean())
        for shift in shifts
    )


def is_like_mnist(image: np.ndarray) -> None:
    assert image.shape == (28, 28) and image.dtype == np.uint8
    assert image.max() == 255
    rows, columns = np.flatnonzero(image.any(1)), np.flatnonzero(image.any(0))
    extent = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
    assert 19 <= extent <= 20
    mass = image.astype(float)
    places = np.arange(28)
    assert abs(mass.sum(1) @ places / mass.sum() - 14) <= 0.6
    assert abs(mass.sum(0) @ places / mass.sum() - 14) <= 0.6


@given(
    index=st.integers(0, 19),
    side=st.integers(56, 400),
    margins=st.tuples(*[st.integers(0, 150)] * 4),
    ground=st.floats(0, 1),
    ink=st.floats(0, 1),
)
def test_size_place_polarity_and_contrast_do_not_matter(
    index: int, side: int, margins: tuple[int, ...], ground: float, ink: float
) -> None:
    if abs(ink - ground) < 0.1:
        ink = ground + 0.3 if ground < 0.5 else ground - 0.3
    enlarged = page(index, side, side, side)
    top, bottom, left, right = margins
    placed = np.pad(enlarged, ((top, bottom), (left, right)))
    found = images.normalise(ground + (ink - ground) * placed)
    is_like_mnist(found)
    assert difference(found, SAMPLES[index]) < 12


@given(st.integers(0, 19), st.booleans())
def test_opposite_polarities_give_the_same(index: int, photo: bool) -> None:
    ink = page(index)
    if photo:
        ink = np.clip(
            0.15 + 0.7 * ink + np.random.default_rng(index).normal(0, 0.01, ink.shape), 0, 1
        )
    light, dark = images.normalise(ink), images.normalise(1 - ink)
    assert difference(light, dark) < (6 if photo else 0.01)


@given(
    st.integers(1, 60),
    st.integers(1, 60),
    st.integers(0, 2**32 - 1),
    st.sampled_from([np.uint8, np.uint16, np.float32, np.float64]),
)
def test_any_picture_becomes_a_digit_or_one_error(
    height: int, width: int, seed: int, kind: type
) -> None:
    random = np.random.default_rng(seed)
    values = random.random((height, width)) ** random.integers(1, 30)
    if np.issubdtype(kind, np.integer):
        values = values * np.iinfo(kind).max
    try:
        found = images.normalise(values.astype(kind))
    except EmptyImageError:
        return
    assert found.shape == (28, 28) and found.max() == 255
    rows, columns = np.flatnonzero(found.any(1)), np.flatnonzero(found.any(0))
    assert max(rows[-1] - rows[0], columns[-1] - columns[0]) < 20


def test_mnist_stays_nearly_the_same(data_folder: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RNNVIZ_DATA", str(data_folder))
    digits = mnist.load("test")[0][:1000]
    again = np.stack([images.normalise(digit) for digit in digits])
    change = np.abs(again.astype(float) - digits).mean((1, 2))
    assert np.median(change) < 0.5
    # The others lost a speck beside the digit, or their centre lies between two pixels.
    assert (change < 2).mean() > 0.985
    twice = np.stack([images.normalise(digit) for digit in again])
    assert (np.abs(twice.astype(float) - again).mean((1, 2)) < 2).mean() > 0.995


def test_samples_are_like_mnist() -> None:
    for sample in SAMPLES:
        is_like_mnist(sample)
        assert difference(images.normalise(sample), sample) < 0.5


LIGHTS = {
    "from the side": lambda x, y: 0.35 + 0.5 * x,
    "from a lamp above": lambda x, y: 0.9 - 0.5 * ((x - 0.5) ** 2 + (y - 0.4) ** 2),
    "hardly any": lambda x, y: 0.15 + 0.05 * y,
    "a soft shadow": lambda x, y: 0.55 + 0.3 / (1 + np.exp((x + 0.3 * y - 0.8) * 15)),
    "on ruled paper": lambda x, y: 0.85 - 0.12 * (y * 900 % 60 < 3),
    "on squared paper": lambda x, y: 0.85 - 0.12 * ((y * 900 % 50 < 2) | (x * 700 % 50 < 2)),
}


@pytest.mark.parametrize("light", LIGHTS)
@pytest.mark.parametrize("index", [1, 4, 8, 11])
def test_a_photo_of_paper(light: str, index: int) -> None:
    ink = page(index, 400, 900, 700)
    y, x = np.mgrid[0:900, 0:700] / np.array([900, 700])[:, None, None]
    paper = LIGHTS[light](x, y)
    noise = np.random.default_rng(index).normal(0, 0.015, ink.shape)
    photo = (paper * (1 - 0.7 * ink) + noise).clip(0, 1)
    found = images.read(file(Image.fromarray(np.uint8(255 * photo)), "JPEG", quality=60))
    is_like_mnist(found)
    assert difference(found, SAMPLES[index]) < 13


def test_the_table_under_the_paper_is_left_out() -> None:
    ink = page(4, 300, 600, 500)
    photo = 0.85 * (1 - 0.7 * ink)
    photo[:40] = photo[-50:] = 0.3
    photo += np.random.default_rng(0).normal(0, 0.02, ink.shape)
    assert difference(images.normalise(photo.clip(0, 1)), SAMPLES[4]) < 13


def test_specks_are_left_out_and_strokes_are_not() -> None:
    ink = page(4)
    dotted = ink.copy()
    dotted[3:6, 3:6] = dotted[-8:-6, 100:103] = 1
    assert difference(images.normalise(dotted), images.normalise(ink)) < 0.5
    two = np.zeros((100, 100), dtype=np.float32)
    two[20:80, 30:36] = two[20:30, 60:66] = 1
    assert images.normalise(two)[:, 18:].max() > 200


def test_a_thin_line_is_not_lost() -> None:
    line = np.zeros((1500, 1000), dtype=np.uint8)
    line[100:1400, 500] = 255
    found = images.normalise(line)
    assert np.flatnonzero(found.any(1)).size == 20
    assert (found[4:24] > 200).any(1).all()


def test_lopsided_ink_stays_inside() -> None:
    corner = np.zeros((100, 100), dtype=np.float32)
    corner[10:90, 10:30] = 1
    corner[86:90, 10:90] = 1
    found = images.normalise(corner)
    assert np.flatnonzero(found.any(0)).size == 20 and np.flatnonzero(found.any(1)).size == 20


@pytest.mark.parametrize("shape", [(1, 1), (1, 4000), (4000, 1), (28, 28), (112, 112), (700, 900)])
@pytest.mark.parametrize("shade", [0.0, 0.4, 1.0])
def test_nothing_drawn(shape: tuple[int, int], shade: float) -> None:
    with pytest.raises(EmptyImageError, match="draw or choose"):
        images.normalise(np.full(shape, shade, dtype=np.float32))


def test_bare_paper_is_nothing_drawn() -> None:
    noise = np.random.default_rng(0).normal(0, 0.03, (600, 500))
    light = np.linspace(0.5, 0.8, 500)
    with pytest.raises(EmptyImageError):
        images.normalise((light + noise).clip(0, 1))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros((3, 28, 28)), "shape"),
        (np.zeros((0, 28)), "shape"),
        (np.full((5, 5), np.nan), "finite"),
        (np.full((5, 5), 200.0), "0..1"),
        (np.zeros((5, 5), dtype=np.int32), "unsigned"),
    ],
)
def test_other_arrays_are_refused(values: np.ndarray, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        images.normalise(values)


def transparent(ink: np.ndarray, shade: int) -> Image.Image:
    alpha = Image.fromarray(np.uint8(255 * ink.clip(0, 1)))
    colour = Image.new("L", alpha.size, shade)
    return Image.merge("RGBA", [colour, colour, colour, alpha])


def disguises() -> dict[str, bytes]:
    ink = page()
    black = printed(ink)
    orientation = Image.Exif()
    orientation[0x0112] = 6
    hard = black.convert("1", dither=Image.Dither.NONE)
    deep = np.uint16(65535 * (1 - ink))
    return {
        "JPEG": file(black, "JPEG"),
        "progressive JPEG": file(black, "JPEG", progressive=True, quality=30),
        "WebP": file(black, "WEBP"),
        "lossless WebP": file(black, "WEBP", lossless=True),
        "turned by its camera": file(black.rotate(90, expand=True), "JPEG", exif=orientation),
        "palette": file(black.convert("RGB").quantize(32), "PNG"),
        "palette, ground clear": file(hard.convert("RGB").quantize(2), "PNG", transparency=0),
        "palette, ink clear": file(hard.convert("RGB").quantize(2), "PNG", transparency=1),
        "black on clear": file(transparent(ink, 0)),
        "white on clear": file(transparent(ink, 255)),
        "grey with clear": file(transparent(ink, 0).convert("LA")),
        "clear WebP": file(transparent(ink, 0), "WEBP"),
        "CMYK": file(black.convert("CMYK"), "JPEG"),
        "16 bits": file(Image.fromarray(deep)),
        "12 of 16 bits": file(Image.fromarray(deep // 16)),
        "1 bit": file(hard),
        "blue on yellow": file(
            Image.composite(
                Image.new("RGB", black.size, "#ffee88"),
                Image.new("RGB", black.size, "#2030a0"),
                black,
            )
        ),
    }


@pytest.mark.parametrize("kind", disguises())
def test_every_kind_of_file(kind: str) -> None:
    found = images.read(disguises()[kind])
    is_like_mnist(found)
    hard_edges = kind.startswith(("1 bit", "palette,"))
    assert difference(found, images.normalise(page())) < (16 if hard_edges else 4)


def test_a_photo_with_a_second_picture_inside_is_no_animation() -> None:
    """Phones store a preview or a depth map behind the photo: the MPO form of JPEG."""
    black = printed(page())
    both = file(black, "MPO", save_all=True, append_images=[black.resize((20, 20))])
    assert difference(images.read(both), images.normalise(page())) < 4


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_animations_are_refused(kind: str) -> None:
    frames = [printed(page(index)) for index in (2, 4, 6)]
    with pytest.raises(ImageError, match="animation"):
        images.read(file(frames[0], kind, save_all=True, append_images=frames[1:]))


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty file"),
        (b"hello", "something else"),
        (file(printed(page()), "GIF"), "a GIF"),
        (file(printed(page()), "BMP"), "a BMP"),
        (file(printed(page()), "TIFF"), "a TIFF"),
        (b"%PDF-1.7 and so on", "a PDF"),
        (b"  <svg onload=alert(1)>", "an SVG"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", "HEIC"),
    ],
)
def test_other_files_are_named(data: bytes, word: str) -> None:
    with pytest.raises(ImageError, match="expected a PNG, JPEG or WebP") as failure:
        images.read(data)
    assert word in str(failure.value)
    assert "\n" not in str(failure.value) and "<" not in str(failure.value)


def huge_png(width: int, height: int) -> bytes:
    """The header of a PNG that promises many pixels and brings none."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    checked = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    empty = b"IDAT" + zlib.compress(b"")
    data = struct.pack(">I", len(empty) - 4) + empty + struct.pack(">I", zlib.crc32(empty))
    return b"\x89PNG\r\n\x1a\n" + checked + data


@pytest.mark.parametrize("size", [(8000, 6500), (20_000, 20_000), (2**31 - 1, 2**31 - 1)])
def test_too_many_pixels_are_refused_by_the_header(size: tuple[int, int]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ImageError, match="at most 16 megapixels"):
            images.read(huge_png(*size))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_cut_off_files(kind: str) -> None:
    whole = file(printed(page()), kind)
    for length in (10, 20, 40, len(whole) // 2, len(whole) - 30):
        with pytest.raises(ImageError, match="damaged or cut off|PNG, JPEG or WebP"):
            images.read(whole[:length])


@given(
    st.sampled_from(["PNG", "JPEG", "WEBP"]),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=8),
)
@pytest.mark.filterwarnings("ignore")
def test_flipped_bytes_give_a_digit_or_an_image_error(
    kind: str, flips: list[tuple[float, int]]
) -> None:
    data = bytearray(file(printed(page()), kind))
    for place, value in flips:
        data[int(place**3 * len(data))] = value
    try:
        found = images.read(bytes(data))
    except ImageError as error:
        assert "\n" not in str(error)
    else:
        assert found.shape == (28, 28)


def test_pillow_is_left_as_it_was() -> None:
    from PIL import ImageFile

    before = (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)
    images.read(file(printed(page())))
    with pytest.raises(ImageError):
        images.read(huge_png(20_000, 20_000))
    assert (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES) == before
