"""Fitting latent answer distributions: responses in, a posterior with draws for groups and questions out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hotmess.answers.arviz_groups import dressed
from hotmess.answers.engines import draw_tree
from hotmess.answers.groups import find_groups, letter_cells, split_columns
from hotmess.answers.parameters import group_parameters
from hotmess.answers.pointwise import add_data
from hotmess.answers.position_cells import position_cells
from hotmess.answers.position_fit import PositionFit
from hotmess.answers.posterior import Fit
from hotmess.answers.prior import AnswerPrior
from hotmess.answers.vectors import fit_spec
from hotmess.errors import BadInput, either_seed, listed
from hotmess.inference.spec import Spec
from hotmess.responses.cells import Cells, need_repeats, reduce

if TYPE_CHECKING:
    import xarray as xr

    from hotmess.responses.table import Responses


@either_seed
@listed("by", "groups")
def fit(
    responses: Responses | Cells,
    formula: str | None = None,
    *,
    by: Sequence[str] = (),
    groups: Sequence[str] | None = None,
    unparsable: str = "uniform",
    engine: str | None = None,
    backend: str = "numpyro",
    prior: AnswerPrior | None = None,
    seed: int = 0,
    draws: int = 500,
    warmup: int = 500,
    chains: int = 4,
    pointwise: bool = True,
    prior_draws: int | None = None,
) -> Any:
    """Fit latent answer distributions (nested Dirichlet; methods, section 3).

    Letters have a fixed set of answers; free text, unit tests, scores and outcomes of your own are distributions over
    positions (`hotmess.answers.positions`), and the fit is a `PositionFit`. Responses that are probability vectors have
    a model of their own and give a `VectorFit`; it pools cells group by group, by `by` or `groups`, never by a formula.

    Parameters
    ----------
    responses
        Responses, or cells reduced from them.
    formula
        Right-hand side over the cells' columns, such as `difficulty * log(model_size_b)`: groups are partially pooled
        around this regression. None: no pooling, each group on its own weak priors, as a law fitted afterwards needs.
    by
        Further columns that tell groups apart, beside benchmark, model, condition, budget, difficulty and half.
    groups
        The columns that tell groups apart, instead of all those.
    engine
        `nuts`, or `grid` (exact, only without a formula, the default there).
    backend
        `numpyro`, or `pymc`: the independent implementation of `hotmess.pymc_models`, sampled by nutpie; letters only.
    pointwise
        Whether to keep the log likelihood of every question in every draw, which LOO needs.
    prior_draws
        Draws of the groups `prior` and `prior_predictive` of `data`, which then has `posterior_predictive` and
        `estimands` too; 0: none of these; None: 500 where log likelihoods are kept and draws × cells are at most
        2 million.

    Raises
    ------
    BadInput
        If the formula cannot be used.
    NotTestable
        If every cell has one response; or the outcome has no target.
    """
    if not isinstance(responses, Cells) and getattr(responses, "outcome", "") == "probs":
        if formula is not None:
            raise BadInput(
                "Probability vectors are fitted group by group, and no formula pools the groups: leave it out, and say "
                "by which columns groups are told apart (by, groups); pooled fits are of letters (--outcome answer, "
                "where there are both), and hm.pymc_model('probability-vectors', responses) can be extended."
            )
        if engine is not None or backend != "numpyro":
            raise BadInput(
                "Probability vectors have a sampler of their own: leave out engine and backend "
                "(hm.pymc_model('probability-vectors', responses) is the PyMC model)."
            )
        made = Spec("gibbs", prior or AnswerPrior(), seed, draws, chains, warmup, by=tuple(by))
        return fit_spec(responses, made if groups is None else made.changed(groups=tuple(groups)))
    if isinstance(responses, Cells):
        cells, source = responses, None
    else:
        cells, source = reduce(responses, split=split_columns(responses, [*by, *(groups or ())], formula)), responses
    spec = Spec(
        engine=engine or ("grid" if formula is None else "nuts"),
        prior=prior,
        seed=seed,
        draws=draws,
        chains=chains,
        warmup=warmup,
        backend=backend,
        formula=formula,
        unparsable=unparsable,
        by=tuple(by),
        groups=None if groups is None else tuple(groups),
    )
    if backend == "pymc" and engine is None:
        spec = spec.changed(engine="nuts")
    found = replace(fit_cells(cells, spec, pointwise=pointwise), source=source)
    return dressed(found, prior_draws) if pointwise or prior_draws else found


def fit_cells(cells: Cells, spec: Spec, *, pointwise: bool = True, data: xr.DataTree | None = None) -> Fit:
    """Fit cells as a spec says; with `data`, draws of it that are known already.

    Raises
    ------
    BadInput, NotTestable
        As `fit`.
    """
    _check(cells, spec)
    kind, letters = Fit, letter_cells(cells, unparsable=spec.unparsable) if cells.counts is not None else None
    if letters is None:
        kind, letters = PositionFit, position_cells(cells, unparsable=spec.unparsable)
    spec = spec.changed(prior=spec.prior or letters.prior)
    found = find_groups(cells, spec.formula, by=spec.by, columns=spec.groups)
    data = draw_tree(cells, letters, found, spec) if data is None else data
    if pointwise and "log_likelihood" not in data.children:
        data = add_data(data, cells, letters, found, group_parameters(data["posterior"].dataset, found))
    return kind(cells, letters, found, data, spec, fit_cells)


def _check(cells: Cells, spec: Spec) -> None:
    """Refuse settings that do not go together, and cells in which nothing can be decomposed."""
    if spec.backend not in ("numpyro", "pymc"):
        raise BadInput(f"The backend is {spec.backend!r}; it can be 'numpyro' or 'pymc'.")
    if spec.backend == "pymc" and (spec.engine == "grid" or cells.counts is None):
        raise BadInput("The backend 'pymc' samples letters by NUTS; use 'numpyro' for other outcomes and for the grid.")
    if spec.engine == "grid" and spec.formula is not None:
        raise BadInput(
            "The grid engine integrates groups one by one and cannot pool them by a formula; use engine 'nuts'."
        )
    if spec.engine not in ("grid", "nuts"):
        raise BadInput(f"The engine is {spec.engine!r}; it can be 'grid' or 'nuts'.")
    need_repeats(cells)
