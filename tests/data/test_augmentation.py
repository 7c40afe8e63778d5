"""Augmentation. Oracles: torch's own roll, rot90 and max-pooling, and images drawn by formula."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from rnnviz.data import augmentation
from tests.oracle import assert_near

OFF = dict.fromkeys(
    (
        "shift_pixels",
        "scale_fraction",
        "rotate_degrees",
        "shear_degrees",
        "elastic_pixels",
        "pen_pixels",
        "soften_pixels",
        "noise_deviation",
    ),
    0.0,
)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(count: int = 3, height: int = 28, width: int = 28) -> Tensor:
    return torch.rand(count, height, width, generator=generator(7))


def disc(radius: float, side: int = 28) -> Tensor:
    """A disc (1, side, side) about the centre with an edge of one pixel."""
    axis = torch.arange(side) - (side - 1) / 2
    distance = (axis[:, None] ** 2 + axis[None] ** 2).sqrt()
    return (radius + 0.5 - distance).clamp(0, 1)[None]


def centre(images: Tensor) -> Tensor:
    """Centre of mass (B, 2), row and column."""
    mass = images.sum((1, 2))
    rows = (images.sum(2) * torch.arange(images.shape[1])).sum(1) / mass
    columns = (images.sum(1) * torch.arange(images.shape[2])).sum(1) / mass
    return torch.stack([rows, columns], 1)


@given(st.integers(-5, 5), st.integers(-5, 5))
def test_whole_pixels_are_a_roll_with_ground_behind(rows: int, columns: int) -> None:
    images = pictures(2, 20, 24)
    expected = images.roll((rows, columns), (1, 2))
    for axis, by in ((1, rows), (2, columns)):
        entered = slice(0, by) if by >= 0 else slice(by, None)
        expected.index_fill_(axis, torch.arange(images.shape[axis])[entered], 0)
    assert_near(augmentation.shift(images, rows, columns), expected, 2e-5)


@pytest.mark.parametrize("quarters", [-1, 1, 2, 3])
def test_quarter_turns_are_rot90(quarters: int) -> None:
    images = pictures()
    expected = images.rot90(quarters, (1, 2))
    assert_near(augmentation.rotate(images, 90 * quarters), expected, 2e-5)


def test_scale_changes_the_area_by_its_square() -> None:
    image = disc(6)
    for factor in (0.7, 1.0, 1.3):
        grown = augmentation.scale(image, factor)
        assert grown.sum() == pytest.approx(float(image.sum()) * factor**2, rel=0.03)
        assert_near(centre(grown), torch.full((1, 2), 13.5), 0.001)


def test_shear_leans_the_top_to_the_right_and_keeps_the_area() -> None:
    bar = torch.zeros(1, 28, 28)
    bar[:, 4:24, 13:15] = 1
    slanted = augmentation.shear(bar, 20.0)
    top, bottom = centre(slanted[:, 4:8])[0, 1], centre(slanted[:, 20:24])[0, 1]
    assert top - bottom == pytest.approx(16 * math.tan(math.radians(20)), abs=0.1)
    assert slanted.sum() == pytest.approx(float(bar.sum()), rel=1e-3)


def test_each_image_has_its_own_amount() -> None:
    images = pictures(3)
    together = augmentation.rotate(images, torch.tensor([0.0, 30.0, -45.0]))
    for index, degrees in enumerate((0.0, 30.0, -45.0)):
        alone = augmentation.rotate(images[index : index + 1], degrees)
        assert_near(together[index : index + 1], alone, 1e-5)


def test_a_wide_picture_turns_without_being_squeezed() -> None:
    wide = torch.zeros(1, 20, 40)
    wide[:, 8:12, 18:22] = 1
    turned = augmentation.rotate(wide, 90)
    assert_near(turned, wide, 2e-5)


@pytest.mark.parametrize("pixels", [-1.5, -1.0, -0.4, 0.4, 1.0, 2.0])
def test_pen_moves_the_edge_of_a_disc(pixels: float) -> None:
    changed = augmentation.pen(disc(7), pixels)
    radius = math.sqrt(float(changed.sum()) / math.pi)
    assert radius == pytest.approx(7 + pixels, abs=0.25)


def test_two_steps_of_the_pen_are_a_cross_and_a_square() -> None:
    images = pictures()
    padded = images[:, None]
    cross = torch.maximum(
        torch.nn.functional.max_pool2d(padded, (3, 1), 1, (1, 0)),
        torch.nn.functional.max_pool2d(padded, (1, 3), 1, (0, 1)),
    )
    both = torch.nn.functional.max_pool2d(cross, 3, 1, 1)
    assert_near(augmentation.pen(images, 1.0), cross[:, 0], 1e-5)
    assert_near(augmentation.pen(images, 2.0), both[:, 0], 1e-5)
    assert_near(augmentation.pen(1 - images, -2.0), 1 - both[:, 0], 1e-5)


@pytest.mark.parametrize("pixels", [0.3, 0.7, 1.0, 1.6])
def test_soften_spreads_a_point_into_a_bell(pixels: float) -> None:
    point = torch.zeros(2, 41, 41)
    point[:, 20, 20] = 0.8
    soft = augmentation.soften(point, torch.tensor([pixels, 0.0]))
    places = torch.arange(41) - 20.0
    share = soft[0] / soft[0].sum()
    for profile in (share.sum(0), share.sum(1)):
        assert float((profile * places**2).sum().sqrt()) == pytest.approx(pixels, rel=1e-3)
    assert float(soft[0].max()) == pytest.approx(0.8)
    assert_near(soft[1], point[1], 1e-5)


def test_noise_has_the_deviation_that_it_names() -> None:
    grey = torch.full((50, 28, 28), 0.5)
    noisy = augmentation.noise(grey, 0.1, generator=generator())
    assert float(noisy.std()) == pytest.approx(0.1, rel=0.02)


def test_elastic_bends_and_keeps_the_ink_together() -> None:
    images = disc(6).expand(200, -1, -1)
    bent = augmentation.elastic(images, 1.0, generator=generator())
    moved = centre(bent) - 13.5
    assert 0.2 < float(moved.std()) < 1.0
    assert bent.sum() == pytest.approx(float(images.sum()), rel=0.03)


@pytest.mark.parametrize(
    "change",
    [
        lambda x: augmentation.shift(x),
        lambda x: augmentation.scale(x, 1.0),
        lambda x: augmentation.rotate(x, 0.0),
        lambda x: augmentation.shear(x, 0.0),
        lambda x: augmentation.elastic(x, 0.0, generator=generator()),
        lambda x: augmentation.pen(x, 0.0),
        lambda x: augmentation.soften(x, 0.0),
        lambda x: augmentation.noise(x, 0.0, generator=generator()),
        lambda x: augmentation.augment(x, generator=generator(), **OFF),
    ],
)
def test_no_strength_is_no_change(change: Callable[[Tensor], Tensor]) -> None:
    images = pictures(4)
    assert_near(change(images), images, 2e-5)


def test_the_generator_decides_everything() -> None:
    images = pictures(5)
    torch.manual_seed(1)
    first = augmentation.augment(images, generator=generator(3), noise_deviation=0.1)
    torch.manual_seed(2)
    again = augmentation.augment(images, generator=generator(3), noise_deviation=0.1)
    other = augmentation.augment(images, generator=generator(4), noise_deviation=0.1)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@given(st.integers(0, 9), st.floats(0, 3), st.floats(0, 2), st.floats(0, 0.5), st.floats(0, 0.9))
def test_range_shape_and_the_argument_stay(
    seed: int, pen: float, soften: float, noise: float, scale: float
) -> None:
    images = (pictures(6) * 1.4 - 0.2).clamp(0, 1)
    before = images.clone()
    changed = augmentation.augment(
        images,
        generator=generator(seed),
        pen_pixels=pen,
        soften_pixels=soften,
        noise_deviation=noise,
        scale_fraction=scale,
    )
    assert changed.shape == images.shape and changed.dtype == images.dtype
    assert float(changed.min()) >= 0 and float(changed.max()) <= 1 + 1e-5
    assert torch.equal(images, before)


def test_an_empty_batch_passes() -> None:
    assert augmentation.augment(torch.zeros(0, 28, 28), generator=generator()).shape == (0, 28, 28)


def test_wrong_images_and_factors_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(B, H, W\)"):
        augmentation.shift(torch.zeros(28, 28), 1)
    with pytest.raises(ValueError, match="uint8"):
        augmentation.pen(torch.zeros(1, 28, 28, dtype=torch.uint8), 1)
    with pytest.raises(ValueError, match="above 0"):
        augmentation.scale(pictures(), 0)
    with pytest.raises(ValueError, match="scale_fraction"):
        augmentation.augment(pictures(), generator=generator(), scale_fraction=1.0)
