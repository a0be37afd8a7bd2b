"""Colours of models: hue by family, lightness by size, told apart by readers who see fewer colours.

Colours are made in OKLCH (Ottosson 2020), where equal steps of lightness look equal: lightness orders the sizes even
where hue is not seen, and every colour has a contrast of 3 or more with the page, as WCAG 2.2 asks of graphics.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

INK, MUTED, RULE, PAPER = "#1f2328", "#57606a", "#d4d9df", "#ffffff"
BIAS, VARIANCE = "#1f5fa8", "#b4500f"
LIGHTEST, DARKEST = 0.64, 0.36
HUES = (255.0, 50.0, 155.0, 320.0, 95.0, 20.0, 200.0, 285.0)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p")


def to_oklch(colour: str) -> tuple[float, float, float]:
    """Lightness (0 to 1), chroma and hue in degrees of a colour given as #rrggbb.

    >>> [round(v, 3) for v in to_oklch("#ffffff")[:2]]
    [1.0, 0.0]
    """
    r, g, b = (_linear(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5))
    lms = (
        0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b,
        0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b,
        0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b,
    )
    l_, m_, s_ = (math.cbrt(v) for v in lms)
    lightness = 0.2104542553 * l_ + 0.7936177850 * m_ - 0.0040720468 * s_
    a = 1.9779984951 * l_ - 2.4285922050 * m_ + 0.4505937099 * s_
    b2 = 0.0259040371 * l_ + 0.7827717662 * m_ - 0.8086757660 * s_
    return lightness, math.hypot(a, b2), math.degrees(math.atan2(b2, a)) % 360


def from_oklch(lightness: float, chroma: float, hue: float) -> str:
    """The colour as #rrggbb, with chroma reduced until it can be shown.

    >>> from_oklch(1.0, 0.0, 0.0)
    '#ffffff'
    """
    for _ in range(60):
        rgb = _rgb(lightness, chroma, hue)
        if all(-1e-4 <= v <= 1 + 1e-4 for v in rgb):
            break
        chroma *= 0.95
    return "#" + "".join(f"{round(255 * _gamma(min(max(v, 0.0), 1.0))):02x}" for v in rgb)


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours (WCAG 2.2), from 1 to 21.

    >>> round(contrast("#000000", "#ffffff"), 1)
    21.0
    """
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def at_night(colour: str) -> str:
    """The colour that plays the same part on a dark page: lightness mirrored, hue kept.

    >>> at_night("#ffffff"), contrast(at_night("#1f2328"), at_night("#ffffff")) > 10
    ('#17191b', True)
    """
    lightness, chroma, hue = to_oklch(colour)
    if lightness > 0.995:
        return "#17191b"
    mirrored = 1.17 - 0.95 * lightness if chroma < 0.04 else 1.06 - 0.65 * lightness
    return from_oklch(mirrored, 0.9 * chroma, hue)


@dataclass(frozen=True)
class Palette:
    """Colour and marker of every model."""

    colours: Mapping[str, str]
    markers: Mapping[str, str]


def palette(models: Sequence[tuple[str, str]]) -> Palette:
    """Colours and markers of models, given as (model, family) in the order of their sizes.

    >>> p = palette([("m-1b", "m"), ("m-7b", "m"), ("n-3b", "n")])
    >>> p.markers["m-1b"], p.markers["n-3b"], to_oklch(p.colours["m-1b"])[0] > to_oklch(p.colours["m-7b"])[0]
    ('o', 's', True)
    """
    families = list(dict.fromkeys(family for _, family in models))
    colours, markers = {}, {}
    for f, family in enumerate(families):
        members = [model for model, of in models if of == family]
        for i, model in enumerate(members):
            step = i / (len(members) - 1) if len(members) > 1 else 0.75
            lightness = LIGHTEST + (DARKEST - LIGHTEST) * step
            hue = _hue(f, len(families), step)
            colours[model] = from_oklch(lightness, 0.13, hue)
            markers[model] = MARKERS[f % len(MARKERS)]
    return Palette(colours, markers)


def _hue(family: int, families: int, step: float) -> float:
    """The hue of a family, which sizes share where families are many.

    Sizes of one family run from orange over green and blue to violet, those of two to four a little to both sides of
    the family's hue: neighbouring sizes are told apart by more than lightness.
    """
    if families == 1:
        return 60 + 250 * step
    return (HUES[family % len(HUES)] + (40 * step - 20 if families <= 4 else 0)) % 360


def ordinal(count: int) -> list[str]:
    """Colours of ordered groups, lightest first."""
    return list(palette([(str(i), "") for i in range(count)]).colours.values())


def _rgb(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )


def _linear(v: float) -> float:
    return v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4


def _gamma(v: float) -> float:
    return 12.92 * v if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055


def _luminance(colour: str) -> float:
    r, g, b = (_linear(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
