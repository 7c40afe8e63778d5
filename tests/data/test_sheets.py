"""Pictures in frames. Oracle: what the same picture gives without the frame."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter
from PIL.Image import Image as Picture

from rnnviz.data import images, samples
from rnnviz.models import checkpoint

SAMPLES, LABELS = samples.load()


def page(index: int, side: int = 120, size: int = 56) -> Picture:
    """A bundled sample, black on a white sheet."""
    paper = np.full((side, side), 255, np.uint8)
    start = (side - size) // 2
    digit = np.asarray(Image.fromarray(SAMPLES[index]).resize((size, size)))
    paper[start : start + size, start : start + size] = 255 - digit
    return Image.fromarray(paper).convert("RGB")


def png(picture: Picture, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def negative(picture: Picture) -> Picture:
    return Image.fromarray(255 - np.asarray(picture))


def bars(picture: Picture, top: int, bottom: int, sides: int, colour: str) -> Picture:
    framed = Image.new("RGB", (picture.width + 2 * sides, picture.height + top + bottom), colour)
    framed.paste(picture, (sides, top))
    return framed


def blurred(picture: Picture, light: float) -> Picture:
    """As phones fill the bars: the picture itself, enlarged, blurred and darker."""
    width, height = picture.width, int(1.7 * picture.height)
    large = picture.resize((int(1.7 * width), height)).crop(
        (int(0.35 * width), 0, int(0.35 * width) + width, height)
    )
    ground = np.asarray(large.filter(ImageFilter.GaussianBlur(10))) * light
    framed = Image.fromarray(ground.astype(np.uint8))
    framed.paste(picture, (0, (height - picture.height) // 2))
    return framed


def rounded(picture: Picture, share: float, colour: str | None) -> Picture:
    """With round corners, of a colour or clear."""
    size = (4 * picture.width, 4 * picture.height)
    mask = Image.new("L", size)
    box = (0, 0, size[0] - 1, size[1] - 1)
    ImageDraw.Draw(mask).rounded_rectangle(box, int(share * size[0]), fill=255)
    mask = mask.resize(picture.size)
    if colour is None:
        clear = picture.convert("RGBA")
        clear.putalpha(mask)
        return clear
    framed = Image.new("RGB", picture.size, colour)
    framed.paste(picture, (0, 0), mask)
    return framed


def line(picture: Picture, width: int, inset: int, shade: int) -> Picture:
    drawn = picture.copy()
    box = (inset, inset, picture.width - 1 - inset, picture.height - 1 - inset)
    ImageDraw.Draw(drawn).rectangle(box, outline=(shade,) * 3, width=width)
    return drawn


def clear(picture: Picture, margin: int) -> Picture:
    framed = Image.new("RGBA", (picture.width + 2 * margin, picture.height + 2 * margin))
    framed.paste(picture, (margin, margin))
    return framed


FRAMES: dict[str, Callable[[Picture], Picture]] = {
    "black above and below": lambda one: bars(one, 30, 30, 0, "black"),
    "black at the sides": lambda one: bars(one, 0, 0, 40, "black"),
    "black all round": lambda one: bars(one, 30, 30, 30, "black"),
    "a tall phone": lambda one: bars(one, 70, 70, 0, "black"),
    "thin bars": lambda one: bars(one, 4, 4, 0, "black"),
    "one bar": lambda one: bars(one, 0, 40, 0, "black"),
    "dark grey": lambda one: bars(one, 10, 60, 20, "#404040"),
    "grey": lambda one: bars(one, 30, 30, 0, "#808080"),
    "light grey": lambda one: bars(one, 30, 30, 30, "#d0d0d0"),
    "red": lambda one: bars(one, 50, 50, 0, "#c03020"),
    "blue": lambda one: bars(one, 30, 30, 30, "#2040c0"),
    "white around dark": lambda one: bars(negative(one), 30, 30, 0, "white"),
    "white all round dark": lambda one: bars(negative(one), 30, 30, 30, "white"),
    "grey around dark": lambda one: bars(negative(one), 30, 30, 0, "#777777"),
    "one in another": lambda one: bars(bars(one, 6, 6, 6, "#303030"), 60, 60, 0, "white"),
    "blurred": lambda one: blurred(one, 1.0),
    "blurred and dark": lambda one: blurred(one, 0.55),
    "round corners": lambda one: rounded(one, 0.15, "black"),
    "hardly round corners": lambda one: rounded(one, 0.05, "black"),
    "round between bars": lambda one: bars(rounded(one, 0.15, "black"), 40, 40, 20, "black"),
    "round and clear": lambda one: rounded(one, 0.15, None),
    "clear all round": lambda one: clear(one, 25),
    "clear around dark": lambda one: clear(negative(one), 25),
    "a line at the edge": lambda one: line(one, 1, 0, 0),
    "a thick line": lambda one: line(one, 3, 0, 0),
    "a line inside": lambda one: line(one, 2, 8, 0),
    "a grey line": lambda one: line(one, 2, 5, 140),
}
HARMLESS = ("light grey", "blurred", "grey")
"""Nearer to the sheet than the ink is: they may be found, and need not be."""


def difference(first: np.ndarray, second: np.ndarray) -> float:
    """The mean difference, 0..255, at the best of the shifts by up to one pixel."""
    shifts = [(rows, columns) for rows in (-1, 0, 1) for columns in (-1, 0, 1)]
    return min(
        float(np.abs(first.astype(float) - np.roll(second, shift, (0, 1))).mean())
        for shift in shifts
    )


@pytest.mark.parametrize("frame", FRAMES)
def test_the_sheet_is_found_in_its_frame(frame: str) -> None:
    for index in range(20) if frame in ("black above and below", "blue") else range(0, 20, 3):
        found = images.look(png(FRAMES[frame](page(index))))
        alone = images.look(png(page(index)))
        assert alone.notices == ()
        most = 8 if frame in HARMLESS else 4
        assert difference(found.pixels, alone.pixels) < most, index
        assert frame in HARMLESS or found.notices == (images.FRAMED,), index


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_in_a_lossy_file_and_turned(kind: str) -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    framed = FRAMES["black above and below"](page(8)).rotate(90, expand=True)
    found = images.look(png(framed, kind, quality=70, exif=turned))
    assert difference(found.pixels, images.normalise(np.asarray(page(8).convert("L")))) < 5
    palette = FRAMES["blue"](page(8)).quantize(32)
    assert difference(images.read(png(palette)), found.pixels) < 5


@pytest.mark.parametrize("degrees", [0, 7, 15])
@pytest.mark.parametrize("table", [(90, 60, 40), (150, 140, 130)])
def test_a_sheet_on_a_table(degrees: int, table: tuple[int, int, int]) -> None:
    """Oracle: the same sheet on white, as far turned, and what a network answers to it."""
    network = checkpoint.load("mnist-gru")
    random = np.random.default_rng(degrees)
    same = 0
    for index in range(0, 20, 2):
        sheet = (
            page(index)
            .resize((300, 300))
            .rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor="white")
        )
        mask = Image.new("L", (300, 300), 255).rotate(
            degrees, Image.Resampling.BICUBIC, expand=True
        )
        wood = random.normal(0, 12, (600, 500, 1)) + table
        wood += 20 * np.sin(np.arange(500) / 9)[None, :, None]
        photo = Image.fromarray(wood.clip(0, 255).astype(np.uint8))
        photo.paste(sheet, (50, 110), mask)
        lit = np.asarray(photo) * np.linspace(0.75, 1, 500)[None, :, None]
        lit += random.normal(0, 4, lit.shape)
        found = images.read(png(Image.fromarray(lit.clip(0, 255).astype(np.uint8)), "JPEG"))
        wanted = images.read(png(sheet))
        answers = [answer(network, one) for one in (found, wanted)]
        same += answers[0] == answers[1]
    assert same >= 9


def answer(network: Any, pixels: np.ndarray) -> int:
    import torch

    return int(network(torch.from_numpy(pixels)[None].float() / 255).argmax())


def test_digits_are_no_sheets() -> None:
    """Not loops, not a digit drawn with corners, not strokes that reach the edge."""
    for index in range(20):
        for ground in (page(index, 60, 56), page(index), negative(page(index, 300, 200))):
            assert images.look(png(ground)).notices == ()
    box = Image.new("L", (200, 200), 255)
    ImageDraw.Draw(box).rectangle((50, 30, 150, 170), outline=0, width=24)  # a zero with corners
    found = images.look(png(box))
    assert found.notices == () and found.pixels[14, 14] == 0 and found.pixels[:, 14].max() == 255
    seven = Image.new("L", (100, 160), 255)
    ImageDraw.Draw(seven).line([(0, 8), (92, 8), (30, 160)], fill=0, width=18)
    found = images.look(png(seven))
    assert found.notices == ()
    np.testing.assert_array_equal(found.pixels, images.normalise(np.asarray(seven)))


def test_several_digits_are_said() -> None:
    two = Image.new("RGB", (240, 120), "white")
    for place, index in enumerate((6, 9)):
        two.paste(page(index), (120 * place, 0))
    assert images.look(png(two)).notices == (images.SEVERAL,)
    stacked = Image.new("RGB", (120, 240), "white")
    for place, index in enumerate((6, 9)):
        stacked.paste(page(index), (0, 120 * place))
    assert images.look(png(stacked)).notices == (images.SEVERAL,)
    assert images.look(png(bars(two, 50, 50, 0, "black"))).notices == (
        images.FRAMED,
        images.SEVERAL,
    )
    five = Image.new("L", (100, 140), 255)
    pen = ImageDraw.Draw(five)
    pen.line([(40, 20), (80, 20)], fill=0, width=8)  # its bar lies apart
    pen.arc((20, 55, 80, 125), 200, 150, fill=0, width=8)
    assert images.look(png(five)).notices == ()


def test_what_is_mostly_ink_is_said() -> None:
    blot = Image.new("L", (100, 100), 255)
    ImageDraw.Draw(blot).rectangle((20, 20, 80, 80), fill=0)
    assert images.look(png(blot)).notices == (images.MUCH_INK,)


def test_masks_and_slivers_of_deep_pictures_are_stretched() -> None:
    ink = SAMPLES[6].astype(np.uint16).repeat(4, 0).repeat(4, 1)
    wanted = images.read(png(Image.fromarray(ink.astype(np.uint8))))
    for deep in (ink, 1000 + ink, 40 * ink, 65535 - ink, 257 * ink):
        assert difference(images.read(png(Image.fromarray(deep))), wanted) < 1
    mask = (ink > 100).astype(np.uint8)
    full = images.read(png(Image.fromarray(255 * mask)))
    for one in (mask, 1 - mask, 3 * mask):
        assert difference(images.read(png(Image.fromarray(one))), full) < 1
    rgb = Image.fromarray(np.stack([mask] * 3, -1))
    assert difference(images.read(png(rgb)), full) < 1
    for blank in (np.zeros((40, 40), np.uint16), np.full((40, 40), 700, np.uint16)):
        with pytest.raises(images.EmptyImageError):
            images.read(png(Image.fromarray(blank)))
    noise = np.random.default_rng(0).normal(30_000, 20, (300, 300)).astype(np.uint16)
    with pytest.raises(images.EmptyImageError):
        images.read(png(Image.fromarray(noise)))
