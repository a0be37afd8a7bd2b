"""A claim's quick estimate as a sum over questions, linear in the cells' unbiased terms, and its variance."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from hotmess.decompose.grouping import question_index
from hotmess.design.variance import Moments, moments, sampling_coefficients
from hotmess.errors import NotTestable
from hotmess.estimates.length_slopes import arm_index
from hotmess.laws.quasi_lines import line_derivative, quasi_lines, standardised
from hotmess.responses.units import refuse_units

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.answers.posterior import Fit
    from hotmess.laws.length import LengthLaw
    from hotmess.laws.power import PowerLaws

Weights = Callable[[Moments], tuple[np.ndarray, np.ndarray, float]]


@dataclass(frozen=True)
class Components:
    """Draws of what the variance of a claim's estimate is made of.

    Attributes
    ----------
    effect
        (draws,) the claim's quantity.
    between
        (draws,) variance that the pilot's number of questions leaves with endless samples.
    sampling
        (draws, 3) coefficients of the sampling variance, see `variance.sampling_coefficients`.
    residual
        (draws,) variance by models' own residuals, times the sum of squares of log sizes; 0 where size plays no part.
    questions, models
        Of the pilot.
    share
        Part of a cell's samples that one row of the estimate gets: ½ for halves.
    spread
        Sum of squares of the pilot's log sizes, where size is the claim's covariate; else 0.
    span
        Range of the log sizes.
    bins
        Bins of a law in length, else 0.
    paired
        Whether it compares sides of the same questions. The fit draws the sides of a question independently, so that
        `between` has what they share in it too, and is too large.
    """

    effect: np.ndarray
    between: np.ndarray
    sampling: np.ndarray
    residual: np.ndarray
    questions: int
    models: int
    share: float = 1.0
    spread: float = 0.0
    span: float = 0.0
    bins: int = 0
    paired: bool = False


def half_components(fit: Fit | None, *, draws: int, sign: float = 1.0, share: float = 0.5) -> Components:
    """Components of a change of incoherence between two sides of the same questions, from the fit of answers by side.

    NotTestable is raised for other outcomes than letters, as by all components.

    share: part of a cell's samples that a side gets: half of them for halves by length, all for arms and budgets.
    """
    assert fit is not None
    found = _from_fit(fit, half_weights, draws=draws, models=_models(fit), share=share)
    return replace(found, effect=sign * found.effect, paired=True)


def _models(fit: Fit) -> int:
    return int(fit.cells.table["model"].nunique())


def _distributions(fit: Fit, draws: int) -> Iterator[Moments]:
    """Moments of every cell's answer distribution in each of some posterior draws."""
    from hotmess.answers.conjugate import answer_draws

    parameters = fit.parameters()
    take = np.unique(np.linspace(0, len(parameters["logit_a"]) - 1, draws).astype(int))
    chosen = {k: v[take] for k, v in parameters.items()}
    for _, a, w, _ in answer_draws(fit.letters, fit.groups.index, chosen, seed=fit.seed):
        yield moments(np.column_stack([a, w]).astype(float))


def _from_fit(
    fit: Fit,
    make: Callable[[pd.DataFrame], Weights],
    *,
    draws: int,
    models: int,
    share: float = 1.0,
    residual: np.ndarray | None = None,
    spread: float = 0.0,
    span: float = 0.0,
    bins: int = 0,
) -> Components:
    if fit.cells.counts is None:
        raise NotTestable(
            f"What samples add is worked out for letters; the outcome here is {fit.cells.outcome}: questions can be "
            "planned for by hotmess test --effect, by the root of their number."
        )
    fit = fit.unparsable_as_wrong
    table = fit.cells.table
    refuse_units(table, "Planning")
    weights, question = make(table), question_index(table)
    effect, between, sampling = [], [], []
    for m in _distributions(fit, draws):
        one = linear(m, weights, question)
        effect.append(one[0])
        between.append(one[1])
        sampling.append(one[2])
    size = len(effect)
    extra = np.zeros(size) if residual is None else residual[np.linspace(0, len(residual) - 1, size).astype(int)]
    return Components(
        np.array(effect),
        np.array(between),
        np.array(sampling),
        extra,
        questions=int(question.max()) + 1,
        models=models,
        share=share,
        spread=spread,
        span=span,
        bins=bins,
    )


def linear(m: Moments, weights: Weights, question: np.ndarray) -> tuple[float, float, np.ndarray]:
    """The estimand at given answer distributions; the variance of its estimate between questions, and by sampling."""
    alpha, beta, value = weights(m)
    influence = np.bincount(question, alpha * m.variance + beta * m.error)
    q = len(influence)
    return value, float((influence**2).sum() * q / max(q - 1, 1)), sampling_coefficients(m, alpha, beta)


def _ratio(m: Moments, rows: np.ndarray) -> tuple[float, float]:
    total = m.error[rows].sum()
    return float(m.variance[rows].sum() / total), float(total)


def half_weights(table: pd.DataFrame) -> Weights:
    """The change of incoherence from shorter to longer halves, mean over models: rows alternate by half."""
    model = np.unique(table["model"].astype(str), return_inverse=True)[1]
    sign = np.where(table["half"].astype(str).to_numpy() == "longer", 1.0, -1.0)
    count = int(model.max()) + 1

    def weights(m: Moments) -> tuple[np.ndarray, np.ndarray, float]:
        alpha, beta, value = np.zeros(len(model)), np.zeros(len(model)), 0.0
        for i in range(count):
            for s in (-1.0, 1.0):
                rows = np.flatnonzero((model == i) & (sign == s))
                ratio, total = _ratio(m, rows)
                value += s * ratio / count
                alpha[rows], beta[rows] = s / (count * total), -s * ratio / (count * total)
        return alpha, beta, value

    return weights


def size_weights(table: pd.DataFrame, x: dict[tuple[str, ...], float], keys: list[str], each: np.ndarray) -> Weights:
    """A sum of slopes of log bias² and of log variance on x over sets of cells.

    x: value per set (model and group); each: (sets, 2) coefficients of the set's log bias² and log variance.
    """
    labels = [tuple(map(str, row)) for row in table[keys].itertuples(index=False, name=None)]
    order = list(x)
    place = np.array([order.index(label) if label in x else -1 for label in labels])

    def weights(m: Moments) -> tuple[np.ndarray, np.ndarray, float]:
        alpha, beta, value = np.zeros(len(place)), np.zeros(len(place)), 0.0
        for s, (of_bias2, of_variance) in enumerate(each):
            rows = np.flatnonzero(place == s)
            v, e = m.variance[rows].sum(), m.error[rows].sum()
            b = max(e - v, 1e-9)
            value += float(of_variance * np.log(v) + of_bias2 * np.log(b))
            alpha[rows], beta[rows] = of_variance / v - of_bias2 / b, of_bias2 / b
        return alpha, beta, value

    return weights


def size_components(laws: PowerLaws, of_bias2: np.ndarray, of_variance: np.ndarray, *, draws: int) -> Components:
    """Components of Σ_g of_bias2_g alpha_B,g + of_variance_g alpha_V,g, exponents being slopes of -log on log size.

    of_bias2, of_variance: (groups,) with the claim's sign.
    """
    cells, by = laws.law.cells, list(laws.by)
    names = [tuple(map(str, row)) for row in laws.groups[by].itertuples(index=False, name=None)]
    rows = [tuple(map(str, row)) for row in cells[by].itertuples(index=False, name=None)]
    both = -np.column_stack([of_bias2, of_variance])  # of slopes
    weight = np.array([both[names.index(row)] for row in rows])
    x = cells["x"].to_numpy()
    used = cells[(weight != 0).any(1)].groupby("model")["x"].first()
    centred = x - used.mean()
    spread = float(((used - used.mean()) ** 2).sum())
    keys = ["model", *by]
    labels = [tuple(map(str, row)) for row in cells[keys].itertuples(index=False, name=None)]
    keep = np.flatnonzero((weight != 0).any(1))
    sets = {labels[i]: float(x[i]) for i in keep}
    each = weight[keep] * (centred[keep] / spread)[:, None]
    posterior = laws.data["posterior"].dataset.sel(population="like-these")
    turned = both @ (np.array([[1.0, -1.0], [1.0, 1.0]]) / np.sqrt(2))  # of what residuals do to level and ratio
    a, b = turned.sum(0)  # what all groups share of a model's residual cancels between them
    u, v, rho = (posterior[n].values.ravel() for n in ("u_level", "u_ratio", "rho_u"))
    squares = (turned**2).sum(0)
    rest = sum(squares[i] * posterior[n].values.ravel() ** 2 for i, n in enumerate(("e_level", "e_ratio")))
    residual = (a * u) ** 2 + (b * v) ** 2 + 2 * a * b * rho * u * v + rest
    return _from_fit(
        laws.fit,
        lambda table: size_weights(table, sets, keys, each),
        draws=draws,
        models=len(used),
        residual=residual,
        spread=spread,
        span=float(np.ptp(used)),
    )


def length_components(law: LengthLaw, *, draws: int) -> Components:
    """Components of the slope of logit incoherence on log length, mean over arms."""
    return _from_fit(
        law.fit,
        length_weights,
        draws=draws,
        models=_models(law.fit),
        bins=int(law.rows.groupby("arm").size().max()),
    )


def length_weights(table: pd.DataFrame) -> Weights:
    """The mean over arms of the quasi-likelihood slope of logit incoherence on latent log length.

    With m the line and h each question's row of the inverse information, the slope moves by h (variance - m error).
    """
    x, arm = table["latent_log2_length"].to_numpy(float) * np.log(2), arm_index(table)
    rows_of = [np.flatnonzero(arm == a) for a in range(int(arm.max()) + 1)]

    def weights(m: Moments) -> tuple[np.ndarray, np.ndarray, float]:
        alpha, beta, values = np.zeros(len(x)), np.zeros(len(x)), []
        for rows in rows_of:
            z, _, spread = standardised(x[rows])
            found = quasi_lines(m.variance[rows], m.error[rows], z)
            level, slope = float(found.level[0]), float(found.slope[0])
            if not np.isfinite(level):
                continue
            moved = line_derivative(m.error[rows], z, level, slope)[1] / spread
            alpha[rows], beta[rows] = moved, -moved * expit(level + slope * z)
            values.append(slope / spread)
        count = max(len(values), 1)
        return alpha / count, beta / count, float(np.mean(values)) if values else np.nan

    return weights
