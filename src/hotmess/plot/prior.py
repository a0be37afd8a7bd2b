"""What priors let data be: of the model of answers, and of length laws beside what the data did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.plot import legend, style
from hotmess.plot.colour import BIAS, MUTED, palette

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.answers.prior import AnswerPrior
    from hotmess.laws.length import LengthLaw

ANSWER_DRAWS = 20_000
REACH, POINTS, DRAWS, SHOWN = 2.5, 51, 4000, 40


def answer_prior_table(prior: AnswerPrior | None = None, *, draws: int = ANSWER_DRAWS, seed: int = 0) -> pd.DataFrame:
    """Draws of a group from the prior of the model of answers, one row each.

    Columns: accuracy, a; settled, the intraclass correlation 1/(κ + 1); incoherence, of infinitely many questions with
    four options (methods, section 3).
    """
    import pandas as pd

    from hotmess.answers.prior import AnswerPrior

    own = prior or AnswerPrior()
    rng = np.random.default_rng(seed)
    logit_a, log_kappa, log_phi = rng.normal(own.location, own.scale, (draws, 3)).T
    a, kappa, phi = 1 / (1 + np.exp(-logit_a)), np.exp(log_kappa), np.exp(log_phi)
    h = (1 + phi / 3) / (1 + phi)
    incoherence = 1 - 0.5 * ((kappa * (1 - a) + 1) / (kappa + 1)) * (1 + h)
    return pd.DataFrame({"accuracy": a, "settled": 1 / (kappa + 1), "incoherence": incoherence})


def answer_prior(prior: AnswerPrior | None = None, *, width: float = style.WIDE, ax: Any = None) -> np.ndarray:
    """What a prior of the model of answers lets a group be; `fit.prior` is the one that was used, None the default."""
    table = answer_prior_table(prior)
    said = {"settled": "questions settled: 1/(κ + 1)"}
    with style.look(ax):
        axes = style.panels(1, len(table.columns), width=width, height=1.9)
        for panel, (name, values) in zip(axes.flat, table.items()):
            panel.hist(values, bins=40, range=(0, 1), density=True, color=BIAS, alpha=0.75)
            panel.set_xlabel(said.get(str(name), str(name)))
            panel.set_yticks([])
            panel.spines["left"].set_visible(False)
            panel.set_xlim(0, 1)
    return axes


def length_prior_table(law: LengthLaw, *, seed: int = 0) -> pd.DataFrame:
    """Quantiles of incoherence under the prior of a length law's slopes, over standard deviations of log length.

    The level is that of the arms' posterior means, so that the slope alone is on show: a prior on the level is wider
    than any picture. Columns: sd, low_90, low_50, median, high_50, high_90.
    """
    import pandas as pd

    z, curves = _curves(law, seed, DRAWS)
    found = np.quantile(curves, [0.05, 0.25, 0.5, 0.75, 0.95], axis=0)
    names = ("low_90", "low_50", "median", "high_50", "high_90")
    return pd.DataFrame({"sd": z, **dict(zip(names, found))})


def length_prior(
    law: LengthLaw, *, population: str = "like-these", seed: int = 0, width: float = style.WIDE, ax: Any = None
) -> Any:
    """Curves that the prior of a length law draws before the data, with the bins of every arm upon them.

    The bands hold 50% and 90% of the prior's curves, thin lines are some of them; marks are bins of questions at their
    posterior mean. A prior that overrules data shows as marks that leave the bands; one that says nothing fills the
    panel.
    """
    table = length_prior_table(law, seed=seed)
    z, curves = _curves(law, seed, SHOWN)
    models = law.arms.drop_duplicates("model")
    every = list(zip(models["model"].astype(str), models["family"].astype(str)))
    colours = palette(every)
    shown = [every[i][0] for i in style.some(len(every), 8)]
    with style.look(ax):
        axes = style.panels(1, 1, width=width, height=3.4)[0, 0]
        axes.fill_between(z, table["low_90"], table["high_90"], color=MUTED, alpha=0.14, lw=0)
        axes.fill_between(z, table["low_50"], table["high_50"], color=MUTED, alpha=0.2, lw=0)
        axes.plot(z, curves.T, color=MUTED, lw=0.4, alpha=0.5)
        spread = law.arms["log_length_sd"].to_numpy(float)
        for model in shown:
            own = law.bins[law.bins["model"].astype(str) == model]
            at, mark = own["x"] / spread[own["arm"]], {"color": colours.colours[model], "ms": 4.2, "lw": 0}
            axes.plot(at, own[f"incoherence_{population}"], marker=colours.markers[model], label=model, **mark)
        axes.set_xlim(-REACH, REACH)
        axes.set_ylim(0, 1)
        wide = "log length of a question, in standard deviations of the model's questions"
        axes.set_xlabel(wide if width > 5 else "log length, in sd of the model's questions")
        axes.set_ylabel("incoherence")
        handles, labels = axes.get_legend_handles_labels()
        legend.legend_above(axes.figure, handles, style.labels(labels, 26), width=width, most=4)
        style.left_over(axes, len(shown), len(every), "models")
    return axes


def _curves(law: LengthLaw, seed: int, draws: int) -> tuple[np.ndarray, np.ndarray]:
    """(points,) standard deviations, and (draws, points) incoherences under the prior of slopes."""
    from scipy.special import expit

    z, rng = np.linspace(-REACH, REACH, POINTS), np.random.default_rng([seed, 83])
    level = float(law.draws()["level"].mean())
    return z, np.asarray(expit(level + law.prior.slopes(rng, draws, 1) * z))
