"""Colour ramps that mean the same on every page, for the light and the dark theme.

Lightness runs one way along a sequential ramp and away from the middle along a diverging one, so
that the order of values survives greyscale print and every common form of colour blindness. The
mixing happens in OKLab (Ottosson 2020), where equal steps look equal.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")

PAPER: dict[Theme, str] = {"light": "#f7f6f3", "dark": "#191d24"}
"""A gate that is shut, or a signal at zero: close to the page, yet not equal to it."""

DEEPEST: dict[Theme, float] = {"light": 0.33, "dark": 0.93}
"""OKLab lightness at the far end of a ramp: ink on the light page, light on the dark one."""

NEGATIVE: dict[Theme, str] = {"light": "#0b4f94", "dark": "#6db8ff"}
POSITIVE: dict[Theme, str] = {"light": "#b34700", "dark": "#ffa24a"}
BELOW: dict[Theme, str] = {"light": "#001a33", "dark": "#e6f3ff"}
ABOVE: dict[Theme, str] = {"light": "#361500", "dark": "#fff0e0"}
"""Values beyond a fixed range take these two colours, so that clipping is never silent."""

_RGB_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_LMS_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def oklab(colour: str) -> np.ndarray:
    """``#rrggbb`` -> OKLab ``(3,)``: lightness 0..1, green-red, blue-yellow."""
    if len(colour) != 7 or colour[0] != "#":
        raise ValueError(f"expected a colour as #rrggbb, got {colour!r}")
    encoded = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    return _LMS_TO_LAB @ np.cbrt(_RGB_TO_LMS @ linear)


def hexadecimal(lab: np.ndarray) -> str:
    """OKLab ``(3,)`` -> ``#rrggbb``, each channel cut to what a screen can show."""
    linear = np.linalg.solve(_RGB_TO_LMS, np.linalg.solve(_LMS_TO_LAB, lab) ** 3).clip(0, 1)
    encoded = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return "#" + "".join(f"{round(channel * 255):02x}" for channel in encoded.clip(0, 1))


def _mix(start: np.ndarray, end: np.ndarray, count: int) -> list[np.ndarray]:
    return [start + (end - start) * share for share in np.linspace(0, 1, count)]


def sequential(hue: str, theme: Theme, count: int = 9) -> tuple[str, ...]:
    """``count`` colours from paper over the hue to its deepest form, lightness monotone."""
    paper, deep = oklab(PAPER[theme]), oklab(hue)
    lightness = np.linspace(paper[0], DEEPEST[theme], count)
    peak = 0.75 if theme == "light" else 0.65
    shares = np.minimum(np.linspace(0, 1, count) / peak, 1)
    fades = np.clip((1 - np.linspace(0, 1, count)) / (1 - peak), 0.62, 1)
    ramp = [
        np.array(
            [
                lightness[i],
                *(paper[1:] + (deep[1:] * fades[i] - paper[1:]) * shares[i]),
            ]
        )
        for i in range(count)
    ]
    return tuple(hexadecimal(colour) for colour in ramp)


def diverging(theme: Theme, count: int = 9) -> tuple[str, ...]:
    """Blue at the low end, paper at zero, orange at the high end: ``count`` (odd) colours."""
    if count % 2 == 0:
        raise ValueError(f"expected an odd number of colours, so that zero has one, got {count}")
    paper, half = oklab(PAPER[theme]), count // 2 + 1
    low = _mix(oklab(NEGATIVE[theme]), paper, half)
    high = _mix(paper, oklab(POSITIVE[theme]), half)
    return tuple(hexadecimal(colour) for colour in [*low, *high[1:]])


CLASSES: dict[Theme, tuple[str, ...]] = {
    "light": (
        "#0072b2",
        "#e69f00",
        "#009e73",
        "#cc79a7",
        "#56b4e9",
        "#d55e00",
        "#b8ab00",
        "#3b3f46",
        "#6a45b0",
        "#8c8c8c",
    ),
    "dark": (
        "#6db8ff",
        "#e69f00",
        "#3ecf9f",
        "#e58bc4",
        "#9adcff",
        "#ff8a4c",
        "#f0e442",
        "#e8eaed",
        "#b49bf0",
        "#9aa0a8",
    ),
}
"""One colour per class: Okabe and Ito's eight, two of them darker for a light page, a violet and
a grey. A colour never stands alone: every class is also written out."""


def class_hues(classes: int) -> dict[str, list[str]]:
    """``classes`` colours per theme; more than ten classes go round again."""
    return {
        theme: [CLASSES[theme][k % len(CLASSES[theme])] for k in range(classes)] for theme in THEMES
    }
