"""Plate diagrams of the models, by matplotlib: circles are unknown, shaded ones observed, boxes are repeated."""

from __future__ import annotations

from typing import Any

from hotmess.plot import style
from hotmess.plot.colour import INK, MUTED, PAPER, RULE

Node = tuple[float, float, str, bool]
Plate = tuple[float, float, float, float, str]


def diagram(nodes: dict[str, Node], edges: list[tuple[str, str]], plates: list[Plate], *, width: float) -> Any:
    """nodes: name → (x, y, label, observed); plates: (x, y, width, height, what is repeated), in the same units."""
    from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch

    right = max(x + w for x, _, w, _, _ in plates) + 0.1
    low = min([y for _, y, _, _, _ in plates] + [y - 0.5 for _, y, _, _ in nodes.values()]) - 0.1
    high = max([y + h for _, y, _, h, _ in plates] + [y + 0.5 for _, y, _, _ in nodes.values()]) + 0.1
    left = min([x for x, _, _, _, _ in plates] + [x - 0.5 for x, _, _, _ in nodes.values()]) - 0.1
    with style.look():
        figure = style.new_figure(width=width, height=width * (high - low) / (right - left))
        figure.set_layout_engine(None)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(left, right)
        axes.set_ylim(low, high)
        axes.axis("off")
        for x, y, w, h, text in plates:
            box = FancyBboxPatch((x, y), w, h, boxstyle="round,pad=0,rounding_size=0.12", fc="none", ec=MUTED, lw=0.9)
            axes.add_patch(box)
            axes.text(x + w - 0.1, y + 0.08, text, ha="right", va="bottom", fontsize=8, color=MUTED)
        for a, b in edges:
            start, end = nodes[a][:2], nodes[b][:2]
            arrow = FancyArrowPatch(
                start, end, arrowstyle="-|>", mutation_scale=9, shrinkA=0, shrinkB=0, color=INK, lw=0.9, zorder=1
            )
            arrow.set_positions(start, _edge(start, end))
            axes.add_patch(arrow)
        for x, y, label, observed in nodes.values():
            axes.add_patch(Circle((x, y), 0.33, fc=RULE if observed else PAPER, ec=INK, lw=1.0, zorder=2))
            axes.text(x, y, label, ha="center", va="center", fontsize=8.5, zorder=3, parse_math=True)
    return axes


def _edge(start: tuple[float, float], end: tuple[float, float]) -> tuple[float, float]:
    """Where a line from `start` meets the circle around `end`."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = (dx**2 + dy**2) ** 0.5
    return end[0] - 0.34 * dx / length, end[1] - 0.34 * dy / length


def nested_dirichlet() -> Any:
    """Letters: group parameters, answer distributions of questions, counts."""
    nodes: dict[str, Node] = {
        "a": (0.6, 2.7, "a", False),
        "kappa": (1.6, 2.7, "κ", False),
        "phi": (2.9, 2.7, "φ", False),
        "ai": (1.1, 1.5, "$a_i$", False),
        "wi": (2.9, 1.5, "$w_i$", False),
        "n": (2.0, 0.65, "$n_i$", True),
    }
    edges = [("a", "ai"), ("kappa", "ai"), ("phi", "wi"), ("ai", "n"), ("wi", "n")]
    plates = [(0.55, 0.02, 2.95, 1.95, "questions i of group g"), (0.05, -0.35, 3.6, 3.5, "groups g")]
    return diagram(nodes, edges, plates, width=3.6)


def power_law() -> Any:
    """Laws in size: exponents of groups, residuals of models, draws of the first stage as data."""
    nodes: dict[str, Node] = {
        "alpha": (0.6, 2.7, "α, A", False),
        "u": (3.6, 2.7, "u", False),
        "mu": (2.1, 1.5, "log B,V", False),
        "N": (0.6, 0.6, "N", True),
        "d": (2.1, 0.4, "draws", True),
    }
    edges = [("alpha", "mu"), ("u", "mu"), ("N", "mu"), ("mu", "d")]
    plates = [(0.05, 2.0, 1.1, 1.2, "groups g"), (3.05, 2.0, 1.1, 1.2, "models m"), (1.4, -0.4, 1.4, 2.35, "m and g")]
    return diagram(nodes, edges, plates, width=3.6)


def temperature() -> Any:
    """Overthinking: scores of options, temperature and lift of each response."""
    nodes: dict[str, Node] = {
        "eta": (0.6, 2.6, "η", False),
        "gamma": (2.3, 3.5, "γ, λ", False),
        "tau": (2.3, 2.0, r"$\tau_s, \lambda_s$", False),
        "z": (3.6, 2.6, "z", True),
        "x": (3.6, 1.4, "x", True),
        "k": (1.75, 0.75, "k", True),
    }
    edges = [("eta", "k"), ("gamma", "tau"), ("z", "tau"), ("x", "tau"), ("tau", "k")]
    plates = [
        (1.2, 0.1, 2.95, 2.95, "responses s"),
        (0.1, -0.25, 4.2, 3.4, "questions q and models m"),
    ]
    return diagram(nodes, edges, plates, width=3.6)


DIAGRAMS = {"nested-dirichlet": nested_dirichlet, "power-law": power_law, "temperature": temperature}
