"""What ArviZ looks for beside the posterior of answers: predictions, the prior, and the quantities asked for.

The unit of the likelihood is a question with all its cells (`hotmess.answers.pointwise`). `observed_data` and the
predictive groups hold, under the likelihood's name and dimensions, what can be compared with it: how many of a
question's responses are right. Predictions are of new questions from the groups' parameters, as the likelihood is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from hotmess.answers.drawn import Drawn
from hotmess.answers.parameters import group_parameters
from hotmess.answers.pointwise import right_draws
from hotmess.answers.prior import PARAMETERS, UNPARSABLE, UNPARSABLE_SPREAD, AnswerPrior
from hotmess.decompose.grouping import question_index
from hotmess.errors import BadInput, NotTestable

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from jaxtyping import Int

    from hotmess.answers.groups import Groups

F = TypeVar("F", bound="DrawnData")

CHEAP = 2_000_000
"""Draws × cells up to which prior draws and estimands are made without being asked for."""

PRIOR_DRAWS = 500
ESTIMANDS = ("incoherence", "bias2", "variance", "error", "accuracy")


class DrawnData(Drawn, Protocol):
    """A fit with its tree, as `hotmess.answers.posterior.Fit` is one."""

    @property
    def data(self) -> xr.DataTree: ...

    def dataset(self, by: Sequence[str] = ("model",), *, population: str = "like-these") -> xr.Dataset: ...
    def moments(self, by: Sequence[str] = ("model",), *, population: str = "like-these") -> np.ndarray: ...


def prior_parameters(
    prior: AnswerPrior, found: Groups, some: Int[np.ndarray, " k"], draws: int, seed: object
) -> dict[str, np.ndarray]:
    """Draws of all that the posterior has, from the prior: names -> (draws, …), see `hotmess.answers.nested`.

    found: the groups, with the design where they are pooled; some: groups in which unparsable responses are told apart.
    """
    rng = np.random.default_rng(seed)  # type: ignore[arg-type]
    location, scale = np.array(prior.location)[:, None], np.array(prior.scale)[:, None]
    out: dict[str, np.ndarray] = {}
    if found.design is None:
        eta = location + scale * rng.standard_normal((draws, 3, len(found.table)))
    else:
        centre, width = np.zeros((3, found.design.shape[1])), np.full((3, found.design.shape[1]), prior.coefficient)
        centre[:, :1], width[:, :1] = location, scale
        out["coefficients"] = centre + width * rng.standard_normal((draws, *centre.shape))
        eta = out["coefficients"] @ found.design.T
        units = int(found.unit.max()) + 1
        if units > 1:
            out["sigma"] = np.abs(prior.residual * rng.standard_normal((draws, 3)))
            share = np.zeros((units, len(found.unit)))
            share[found.unit, np.arange(len(found.unit))] = 1
            mean = eta @ (share / share.sum(1, keepdims=True)).T
            away = out["sigma"][..., None] * rng.standard_normal((draws, 3, units))
            out["level"] = mean + away
            eta = eta + away[..., found.unit]
    out |= {name: eta[:, i] for i, name in enumerate(PARAMETERS)}
    if len(some):
        middles = (prior.unparsable, (0.0, UNPARSABLE_SPREAD))
        out |= {
            name: at + width * rng.standard_normal((draws, len(some))) for name, (at, width) in zip(UNPARSABLE, middles)
        }
    return out


def prior_groups(fit: DrawnData, draws: int) -> dict[str, xr.Dataset]:
    """`prior`, one chain of so many draws, and where the likelihood is kept what prior and posterior predict.

    Raises
    ------
    BadInput
        Where the number of draws is below 1.
    """
    import xarray as xr

    if draws < 1:
        raise BadInput(f"prior_draws is {draws}; it must be a whole number above 0, or 0 for none.")
    posterior, found = fit.data["posterior"].dataset, fit.groups
    drawn = prior_parameters(fit.prior, found, found.with_unparsable(fit.letters), draws, [fit.seed, 61])
    values = {name: (posterior[name].dims, drawn[name][None]) for name in map(str, posterior) if name in drawn}
    coords = {name: c.values for name, c in posterior.coords.items() if name not in ("chain", "draw")}
    both = {"chain": [0], "draw": np.arange(draws)}
    out = {"prior": xr.Dataset(values, coords={**both, **coords})}
    if "log_likelihood" in fit.data.children:
        likelihood, question = fit.data["log_likelihood"]["responses"], question_index(fit.cells.table)
        for group, draw, key in (("posterior", posterior, 59), ("prior", out["prior"], 67)):
            right = right_draws(
                fit.letters, found.index, group_parameters(draw, found), question, [fit.seed, key]
            ).reshape(draw.sizes["chain"], draw.sizes["draw"], -1)
            where = {"chain": draw["chain"], "draw": draw["draw"], "question": likelihood["question"]}
            out[f"{group}_predictive"] = xr.Dataset({"responses": (likelihood.dims, right)}, coords=where)
    return out


def estimands(fit: DrawnData) -> xr.Dataset:
    """Incoherence, bias², variance, error and, of answers that are right or wrong, accuracy, over questions like these.

    Dimensions chain, draw and model.
    """
    out = fit.dataset(["model"], population="like-these")
    if fit.with_unparsable and fit.formula is not None:
        return out[list(ESTIMANDS[:4])]  # accuracy takes unparsable responses as wrong: another fit, which is slow here
    try:
        accuracy = fit.moments(["model"], population="like-these")[..., 0]
    except NotTestable:  # scores and the like are not just right or wrong
        return out[list(ESTIMANDS[:4])]
    return out.assign(accuracy=(out["error"].dims, accuracy))[list(ESTIMANDS)]


def dressed(fit: F, prior_draws: int | None) -> F:
    """A fit whose `data` has `estimands`, `prior` and what posterior and prior predict beside what it has.

    prior_draws: how many; 0: none of these; None: 500 where that is cheap.
    """
    if prior_draws is None:
        prior_draws = PRIOR_DRAWS if fit.kept_draws * len(fit.cells) <= CHEAP else 0
    if prior_draws:
        for name, group in (prior_groups(fit, prior_draws) | {"estimands": estimands(fit)}).items():
            fit.data[name] = group
    return fit


def dressed_as(fit: F, other: DrawnData) -> F:
    """A fit with the groups that another one has."""
    return dressed(fit, int(other.data["prior"].sizes["draw"]) if "prior" in other.data.children else 0)


def pointwise_table(fit: DrawnData) -> pd.DataFrame:
    """What every question adds to the expected log predictive density: one row per question, for export.

    Columns: benchmark, question, responses (of all its cells), right, elpd (PSIS-LOO, of leaving out the question with
    all its cells), pareto_k (above 0.7 the row is not to be relied on), log_likelihood (mean over draws).

    Raises
    ------
    BadInput
        Where the fit keeps no log likelihoods.
    """
    import warnings

    import pandas as pd
    from arviz_stats.loo import loo

    if "log_likelihood" not in fit.data.children:
        raise BadInput("This fit keeps no log likelihoods: make it with pointwise=True, or fit.refit(pointwise=True).")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pareto_k is in the table
        found = loo(fit.data, pointwise=True)
    cells = fit.cells.table
    names = cells.iloc[np.unique(question_index(cells), return_index=True)[1]][["benchmark", "question"]]
    return pd.DataFrame(
        {
            **{name: names[name].to_numpy(object) for name in names},
            "responses": fit.data["constant_data"]["responses"].values,
            "right": fit.data["observed_data"]["responses"].values,
            "elpd": found.elpd_i.values,
            "pareto_k": found.pareto_k.values,
            "log_likelihood": fit.data["log_likelihood"]["responses"].mean(("chain", "draw")).values,
        }
    )
