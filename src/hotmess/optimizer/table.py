"""Rollout summaries as a tidy table and as figures. Needs neither JAX nor the models."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.errors import BadInput
from hotmess.files import whole_file

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NEEDED = (
    "experiment",
    "problem",
    "seed",
    "size",
    "held_out",
    "bias2",
    "bias2_sd",
    "variance",
    "variance_sd",
    "distance",
)


def read_summaries(folder: str | Path) -> list[dict[str, Any]]:
    """Every summary in a folder, by problem, seed and size.

    Raises `BadInput` where there is none, one cannot be read, or two different experiments are mixed.
    """
    folder = Path(folder)
    records = []
    for path in sorted(folder.glob("*-p*-s*-n*.json")):
        try:
            record = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise BadInput(f"{path} is not a rollout summary: {error}.") from error
        missing = [k for k in NEEDED if not isinstance(record, dict) or k not in record]
        if missing:
            raise BadInput(f"{path} is not a rollout summary: it has no {', '.join(missing)}.")
        records.append(record)
    if not records:
        raise BadInput(f"There are no rollout summaries in {folder}: run `hotmess optimizer train`, then `roll`.")
    names = sorted({r["experiment"] for r in records})
    if len(names) > 1:
        raise BadInput(f"{folder} mixes the experiments {', '.join(names)}: keep each in a folder of its own.")
    return sorted(records, key=lambda r: (r["problem"], r["seed"], r["size"]))


def tidy(records: Sequence[Mapping[str, Any]], *, step: int = -1) -> pd.DataFrame:
    """One row per (size, problem, seed): loss, and bias², variance and incoherence at one step of the rollout.

    Columns: experiment size problem seed loss (held-out, nats per token) bias2 bias2_sd variance variance_sd
    incoherence distance (median, to the true path). The terms are unbiased ones, so bias2 may be below 0.
    """
    import pandas as pd

    rows = []
    for r in records:
        bias2, variance = r["bias2"][step], r["variance"][step]
        error = bias2 + variance
        rows.append(
            {
                "experiment": r["experiment"],
                "size": r["size"],
                "problem": r["problem"],
                "seed": r["seed"],
                "loss": r["held_out"],
                "bias2": bias2,
                "bias2_sd": r["bias2_sd"][step],
                "variance": variance,
                "variance_sd": r["variance_sd"][step],
                "incoherence": variance / error if error > 0 else np.nan,
                "distance": r["distance"][step],
            }
        )
    return pd.DataFrame(rows)


def plain_records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The table's rows as plain JSON values; what is undefined is None."""
    out: list[dict[str, Any]] = json.loads(table.to_json(orient="records", double_precision=10))
    return out


def power_law(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    """Least squares of log y on log x: (exponent, log intercept, R²).

    >>> exponent, _, fit = power_law(np.array([1.0, 10.0, 100.0]), np.array([3.0, 0.3, 0.03]))
    >>> round(exponent, 6), round(fit, 6)
    (-1.0, 1.0)
    """
    if len(x) < 3:
        raise BadInput("A power law through fewer than 3 sizes says nothing: add sizes.")
    lx, ly = np.log(np.asarray(x, float)), np.log(np.asarray(y, float))
    slope, intercept = np.polyfit(lx, ly, 1)
    rest = ly - intercept - slope * lx
    return float(slope), float(intercept), float(1 - rest.var() / ly.var())


def figures(records: Sequence[Mapping[str, Any]], folder: str | Path) -> list[Path]:
    """Two figures: rollouts against the truth for each size, and the terms and the loss against size."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, fig in (("rollouts", _rollouts(records)), ("sizes", _sizes(tidy(records)))):
        paths.append(folder / f"{name}.png")
        with whole_file(paths[-1]) as file:
            fig.savefig(file, dpi=110, format="png")
        plt.close(fig)
    return paths


def _rollouts(records: Sequence[Mapping[str, Any]]) -> Figure:
    """Distance, error and incoherence by step, and the first two coordinates, one line per size."""
    import matplotlib.pyplot as plt

    first = [r for r in records if (r["problem"], r["seed"]) == (records[0]["problem"], records[0]["seed"])]
    colours = plt.get_cmap("viridis")(np.linspace(0, 0.9, len(first)))

    fig, axes = plt.subplots(1, 4, figsize=(15, 3.6), layout="constrained")
    for r, colour in zip(first, colours):
        label = f"{r['size'] / 1000:.1f} k"
        axes[0].plot(r["distance"], color=colour, label=label)
        error = np.add(r["bias2"], r["variance"])
        axes[1].plot(error, color=colour)
        axes[2].plot(np.divide(r["variance"], error), color=colour)
    axes[1].plot(np.add(first[0]["true_bias2"], first[0]["true_variance"]), "k--", label="steepest descent")
    axes[1].set_yscale("log")
    for r, colour in ((first[0], colours[0]), (first[-1], colours[-1])):
        shown = np.asarray(r["shown"])
        for i in range(shown.shape[1]):
            axes[3].plot(shown[:, i, 0], shown[:, i, 1], color=colour, lw=1)
    true = np.asarray(first[0]["shown_true"])
    for i in range(true.shape[1]):
        axes[3].plot(true[:, i, 0], true[:, i, 1], "k--", lw=1)
    titles = (
        "median distance to the true path",
        "error (squared A-norm)",
        "incoherence",
        "smallest, largest, true (dashed)",
    )
    for axis, title in zip(axes, titles):
        axis.set_title(title)
        axis.set_xlabel("step")
    axes[3].set_xlabel("first coordinate")
    axes[3].set_ylabel("second coordinate")
    axes[0].legend(title="parameters", fontsize="small")
    axes[1].legend(fontsize="small")
    return fig


def _sizes(table: pd.DataFrame) -> Figure:
    """Bias² and variance at the end, and the loss, against size, one line per problem and seed."""
    import matplotlib.pyplot as plt

    fig, axes = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
    for (problem, seed), part in table.groupby(["problem", "seed"]):
        label = f"problem {problem}, seed {seed}"
        above = part[part["bias2"] > 0]
        (line,) = axes[0].plot(above["size"], above["bias2"], "-", label=label)
        colour = line.get_color()
        told = above["bias2"] > 2 * above["bias2_sd"]  # filled: told from 0, as in the law
        for rows, fill in ((above[told], colour), (above[~told], "white")):
            axes[0].plot(rows["size"], rows["bias2"], "o", color=colour, markerfacecolor=fill)
        axes[1].plot(part["size"], part["variance"], "o-", color=colour)
        axes[2].plot(part["size"], part["loss"], "o-", color=colour)
    for axis, title in zip(
        axes,
        (
            "bias² at the end (hollow: not told from 0)",
            "variance at the end",
            "held-out loss (nats per token)",
        ),
    ):
        axis.set(title=title, xscale="log", yscale="log", xlabel="parameters")
    axes[0].legend(fontsize="small")
    return fig


def loss_floor(table: pd.DataFrame) -> dict[str, float]:
    """Held-out loss as a power law in size, without and with a floor: mean log loss per size over all trainings.

    The exponent and R² of log loss on log N, and floor, exponent and R² of loss = floor + c N^−a (least squares in
    logarithms; a floor is what no size of model removes, such as digits that the tokens of the point do not determine).
    """
    from scipy.optimize import minimize_scalar

    mean = np.log(table["loss"]).groupby(table["size"]).mean()
    size, loss = mean.index.to_numpy(float), np.exp(mean.to_numpy())
    slope, _, fit = power_law(size, loss)

    def rest(floor: float) -> float:
        lx, ly = np.log(size), np.log(loss - floor)
        a, c = np.polyfit(lx, ly, 1)
        return float(np.sum((np.log(floor + np.exp(c + a * lx)) - np.log(loss)) ** 2))

    best = minimize_scalar(rest, bounds=(0.0, 0.995 * float(loss.min())), method="bounded")
    floor = float(best.x)
    above = power_law(size, loss - floor)[0]
    total = float(np.sum((np.log(loss) - np.log(loss).mean()) ** 2))
    return {
        "exponent": -slope,
        "r2": fit,
        "floor": floor,
        "exponent_above_floor": -above,
        "r2_with_floor": 1 - float(best.fun) / total,
    }
