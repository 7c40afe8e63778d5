"""Changes to whole batches of images, in torch: what a hand, a pen and a camera do to a digit.

Images are (B, H, W) floats in 0..1, ink bright on a dark ground. Lengths are in pixels, angles in
degrees, and a positive angle turns against the clock. Every amount is one number for the whole
batch or a (B,) tensor, one for each image. Nothing here is random except `noise`, `elastic` and
`augment`, which draw from the generator that they are given.

All geometry goes backwards: the output pixel at position p takes its value from the input at
A^-1 (p - t), read by one bilinear `grid_sample`; outside of the image is ground (0).

Simard, Steinkraus, Platt 2003, "Best practices for convolutional neural networks applied to
visual document analysis" (affine and elastic distortions of digits).
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

Amount = float | Tensor

COARSE = 5
"""Knots on each side of the coarse grid that elastic distortion is drawn on."""


def shift(images: Tensor, rows: Amount = 0.0, columns: Amount = 0.0) -> Tensor:
    """Move the ink down by `rows` and right by `columns` pixels; what enters is ground."""
    return _sample(images, _affine(images, rows=rows, columns=columns))


def scale(images: Tensor, factor: Amount) -> Tensor:
    """Enlarge (factor > 1) or shrink (0 < factor < 1) the ink about the centre of the image."""
    if bool((torch.as_tensor(factor) <= 0).any()):
        raise ValueError(f"expected a factor above 0, got {factor}")
    return _sample(images, _affine(images, factor=factor))


def rotate(images: Tensor, degrees: Amount) -> Tensor:
    """Turn the ink about the centre of the image, against the clock."""
    return _sample(images, _affine(images, degrees=degrees))


def shear(images: Tensor, degrees: Amount) -> Tensor:
    """Slant the ink about the centre of the image; a positive angle leans it to the right."""
    return _sample(images, _affine(images, slant=degrees))


def elastic(images: Tensor, pixels: Amount, *, generator: torch.Generator) -> Tensor:
    """Bend the ink smoothly; `pixels` is the standard deviation of the displacement at a knot."""
    return _sample(images, _affine(images), _bend(images, pixels, generator))


def pen(images: Tensor, pixels: Amount) -> Tensor:
    """Move every edge of the stroke outwards by `pixels`, or inwards where it is negative.

    Whole pixels are dilations (the largest of a neighbourhood) or erosions (the smallest); a
    fraction blends two of them. Cross and square neighbourhoods take turns, which grows a dot into
    an octagon and not into a square or a diamond.
    """
    amount = torch.as_tensor(pixels, dtype=images.dtype, device=images.device)
    thicker = _grow(images, _each(images, amount.clamp(min=0)))
    return 1 - _grow(1 - thicker, _each(images, (-amount).clamp(min=0)))


def soften(images: Tensor, pixels: Amount) -> Tensor:
    """Blur with a bell of standard deviation `pixels`, then restore each image's brightest value.

    So looks a digit that was enlarged from few pixels. Each pass of the weights (a, 1 - 2a, a)
    along rows and columns adds a variance of 2a; a stays below 0.3, where they look like a bell.
    """
    variance = _each(images, pixels).square()
    largest = float(variance.max()) if len(images) else 0.0
    passes = math.ceil(largest / 0.6)
    soft = images
    for _ in range(passes):
        soft = _mixed_with_neighbours(soft, variance / (2 * passes), axis=1)
        soft = _mixed_with_neighbours(soft, variance / (2 * passes), axis=2)
    brightest = images.flatten(1).amax(1) / soft.flatten(1).amax(1).clamp(min=1e-6)
    return soft * brightest[:, None, None] if passes else images


def noise(images: Tensor, deviation: Amount, *, generator: torch.Generator) -> Tensor:
    """Add normal noise of standard deviation `deviation` (1 is full ink), kept within 0..1."""
    drawn = torch.randn(images.shape, generator=generator, device=generator.device)
    return (images + _each(images, deviation) * drawn.to(images)).clamp_(0, 1)


def augment(
    images: Tensor,
    *,
    generator: torch.Generator,
    shift_pixels: float = 2.0,
    scale_fraction: float = 0.12,
    rotate_degrees: float = 12.0,
    shear_degrees: float = 10.0,
    elastic_pixels: float = 0.6,
    pen_pixels: float = 0.5,
    soften_pixels: float = 0.0,
    noise_deviation: float = 0.0,
) -> Tensor:
    """Every image (B, H, W) changed in its own way, with one resampling for all the geometry.

    Each image draws uniformly: a shift of up to `shift_pixels` either way on each axis, a factor
    within 1 +- `scale_fraction`, a turn and a slant of up to so many degrees either way, a stroke
    whose edges move by up to `pen_pixels` out or in, and are blurred by up to `soften_pixels`.
    `elastic_pixels` is the deviation of a smooth bend, `noise_deviation` that of the brightness.
    A strength of 0 leaves its step out; with all at 0 the images come back as they are. The same
    state of the generator gives the same images.
    """
    if not 0 <= scale_fraction < 1:
        raise ValueError(f"expected scale_fraction in 0..1 without 1, got {scale_fraction}")

    def draw(strength: float) -> Tensor:
        uniform = torch.rand(len(images), generator=generator, device=generator.device)
        return strength * (2 * uniform.to(images) - 1)

    if pen_pixels:
        images = pen(images, draw(pen_pixels))
    if shift_pixels or scale_fraction or rotate_degrees or shear_degrees or elastic_pixels:
        moves = _affine(
            images,
            rows=draw(shift_pixels),
            columns=draw(shift_pixels),
            factor=1 + draw(scale_fraction),
            degrees=draw(rotate_degrees),
            slant=draw(shear_degrees),
        )
        bend = _bend(images, elastic_pixels, generator) if elastic_pixels else None
        images = _sample(images, moves, bend)
    if soften_pixels:
        images = soften(images, draw(soften_pixels).abs())
    if noise_deviation:
        images = noise(images, noise_deviation, generator=generator)
    return images


def _each(images: Tensor, amount: Amount) -> Tensor:
    """One number for each image, (B, 1, 1); the one place where images are checked."""
    if images.ndim != 3 or not images.is_floating_point():
        raise ValueError(
            f"expected images (B, H, W) of floats in 0..1, got {tuple(images.shape)} {images.dtype}"
        )
    amount = torch.as_tensor(amount, dtype=images.dtype, device=images.device)
    return amount.expand(len(images))[:, None, None]


def _affine(
    images: Tensor,
    rows: Amount = 0.0,
    columns: Amount = 0.0,
    factor: Amount = 1.0,
    degrees: Amount = 0.0,
    slant: Amount = 0.0,
) -> Tensor:
    """Where each output pixel looks, (B, 2, 3), in the -1..1 coordinates of `grid_sample`.

    Forwards the ink is slanted, turned by a, enlarged by s, then moved by t: with x to the right
    and y down, A = s [[cos a, sin a], [-sin a, cos a]] [[1, -tan k], [0, 1]]. Returned is the
    inverse, A^-1 (p - t), with pixels divided by half the width or height.
    """
    height, width = images.shape[-2:]
    s, a, k, down, right = (
        _each(images, amount)[:, 0, 0] for amount in (factor, degrees, slant, rows, columns)
    )
    a, k = a * (math.pi / 180), torch.tan(k * (math.pi / 180))
    cos, sin = torch.cos(a) / s, torch.sin(a) / s
    xx, xy, yx, yy = cos + k * sin, k * cos - sin, sin, cos
    x = torch.stack([xx, xy * (height / width), -(xx * right + xy * down) * (2 / width)], -1)
    y = torch.stack([yx * (width / height), yy, -(yx * right + yy * down) * (2 / height)], -1)
    return torch.stack([x, y], 1)


def _bend(images: Tensor, pixels: Amount, generator: torch.Generator) -> Tensor:
    """A smooth displacement for each pixel, (B, H, W, 2), in the coordinates of `grid_sample`."""
    height, width = images.shape[-2:]
    knots = torch.randn(
        2, len(images), COARSE, COARSE, generator=generator, device=generator.device
    ).to(images)
    knots = knots * _each(images, pixels)
    smooth = _spread(height, knots) @ knots @ _spread(width, knots).T
    return torch.stack([smooth[0] * (2 / width), smooth[1] * (2 / height)], -1)


def _spread(pixels: int, like: Tensor) -> Tensor:
    """Cubic weights (pixels, COARSE) that carry values at the knots to every pixel between."""
    knots = torch.eye(COARSE, dtype=like.dtype, device=like.device)[None, :, :, None]
    return F.interpolate(knots, (pixels, 1), mode="bicubic", align_corners=True)[0, :, :, 0].T


def _sample(images: Tensor, moves: Tensor, bend: Tensor | None = None) -> Tensor:
    """The images (B, H, W) read where `moves` (B, 2, 3) and `bend` (B, H, W, 2) say."""
    if not len(images):
        return images  # affine_grid refuses an empty batch
    grid = F.affine_grid(moves, [len(images), 1, *images.shape[-2:]], align_corners=False)
    if bend is not None:
        grid = grid + bend
    return F.grid_sample(images[:, None], grid, align_corners=False)[:, 0]


def _grow(images: Tensor, pixels: Tensor) -> Tensor:
    """Dilate each image by its own `pixels` (B, 1, 1) >= 0, blending between whole steps."""
    remaining, step = pixels, 0
    while bool((remaining > 0).any()):
        images = torch.lerp(images, _widest(images, square=step % 2 == 1), remaining.clamp(0, 1))
        remaining, step = remaining - 1, step + 1
    return images


def _mixed_with_neighbours(images: Tensor, weight: Tensor, *, axis: int) -> Tensor:
    """Each value with `weight` (B, 1, 1) of both neighbours along an axis; outside is ground."""
    length = images.shape[axis]
    mixed = images * (1 - 2 * weight)
    shares = images * weight
    mixed.narrow(axis, 1, length - 1).add_(shares.narrow(axis, 0, length - 1))
    mixed.narrow(axis, 0, length - 1).add_(shares.narrow(axis, 1, length - 1))
    return mixed


def _widest(images: Tensor, *, square: bool) -> Tensor:
    """The largest value in a 3 x 3 square about each pixel, or in the cross of its neighbours.

    Slices instead of `max_pool2d`, which took 3 ms for 128 images where this takes a tenth.
    """
    tall = images.clone()
    torch.maximum(tall[:, 1:], images[:, :-1], out=tall[:, 1:])
    torch.maximum(tall[:, :-1], images[:, 1:], out=tall[:, :-1])
    source = tall if square else images
    wide = tall.clone()
    torch.maximum(wide[:, :, 1:], source[:, :, :-1], out=wide[:, :, 1:])
    torch.maximum(wide[:, :, :-1], source[:, :, 1:], out=wide[:, :, :-1])
    return wide
