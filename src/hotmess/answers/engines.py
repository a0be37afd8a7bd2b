"""The engines behind `hotmess.fit`: from groups' tail counts to a tree of draws, on a grid or by NUTS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.answers.conjugate import LetterCells
from hotmess.answers.grid import grid_posterior
from hotmess.answers.groups import Groups
from hotmess.answers.parameters import GROUP, log_priors
from hotmess.answers.prior import PARAMETERS, UNPARSABLE, AnswerPrior
from hotmess.answers.tails import TailCounts, tail_counts
from hotmess.inference.gate import independent
from hotmess.inference.resume import resumed

if TYPE_CHECKING:
    import xarray as xr

    from hotmess.inference.spec import Spec
    from hotmess.responses.cells import Cells


def draw_tree(cells: Cells, letters: LetterCells, found: Groups, spec: Spec) -> xr.DataTree:
    """Draws of the groups' parameters (and of what pools them), by the spec's engine and backend."""
    settings: dict[str, Any] = {"seed": spec.seed, "draws": spec.draws, "chains": spec.chains}
    if spec.backend == "pymc":
        from hotmess.pymc_models.answers import answer_model
        from hotmess.pymc_models.sample import sample_pymc

        model = answer_model(
            cells, spec.formula, by=spec.by, groups=spec.groups, unparsable=spec.unparsable, prior=spec.prior
        )
        return sample_pymc(model, warmup=spec.warmup, target_accept=0.95, **settings)
    tails = counts_of(letters, found)
    some = found.with_unparsable(letters)
    lost = _unparsable_tails(letters, found, some)
    if spec.engine == "grid":
        return _grid_tree(tails, lost, spec.prior, found, some, **settings)
    return _nuts_tree(tails, lost, spec.prior, found, some, warmup=spec.warmup, **settings)


def counts_of(letters: LetterCells, found: Groups) -> TailCounts:
    """Tail counts of cells by group: all that the collapsed likelihood needs."""
    return tail_counts(
        letters.right,
        letters.wrong,
        found.index,
        groups=len(found.table),
        options=letters.options,
        unparsable=letters.unparsable,
    )


def _unparsable_tails(letters: LetterCells, found: Groups, some: np.ndarray) -> TailCounts | None:
    """Tail counts of unparsable against wrong-option responses, in the groups that tell them apart."""
    if not len(some):
        return None
    rows = np.flatnonzero(letters.apart(found.index))
    return tail_counts(
        letters.unparsable[rows],
        letters.wrong[rows].sum(1, keepdims=True),
        np.searchsorted(some, found.index[rows]),
        groups=len(some),
        options=np.full(len(rows), 2),
    )


def _nuts_tree(
    tails: TailCounts, lost: TailCounts | None, prior: AnswerPrior, found: Groups, some: np.ndarray, **settings: Any
) -> xr.DataTree:
    from hotmess.answers.nested import centring, nested_dirichlet
    from hotmess.inference.sample import sample

    return sample(
        nested_dirichlet,
        tails,
        prior,
        found.design,
        found.unit if found.design is not None else None,
        lost,
        None if found.design is None else centring(tails, prior, found.unit),
        target_accept=0.95,
        coords={
            GROUP: found.labels,
            "parameter": list(PARAMETERS),
            "term": list(found.names),
            "unit": found.table.groupby("unit", sort=True).first().index.tolist(),
            "unparsable_group": [found.labels[g] for g in some],
        },
        dims={
            **{name: [GROUP] for name in PARAMETERS},
            **{name: ["unparsable_group"] for name in UNPARSABLE},
            "coefficients": ["parameter", "term"],
            "sigma": ["parameter"],
            "level": ["parameter", "unit"],
            "free_level": ["parameter", "unit"],
            "free_eta": ["parameter", GROUP],
        },
        **settings,
    )


@resumed
def _grid_tree(
    tails: TailCounts,
    unparsable: TailCounts | None,
    prior: AnswerPrior,
    groups: Groups,
    some: np.ndarray,
    *,
    seed: int,
    draws: int,
    chains: int,
) -> Any:
    from hotmess.inference.sample import to_tree

    post = grid_posterior(tails, prior, draws=draws * chains, seed=seed, unparsable=unparsable)
    shaped = {k: v.reshape(chains, draws, -1) for k, v in post.items()}
    tree = to_tree(
        shaped,
        sample_stats={"diverging": np.zeros((chains, draws), bool)},
        log_prior=log_priors(shaped, prior),
        coords={GROUP: groups.labels, "unparsable_group": [groups.labels[g] for g in some]},
        dims={**{name: [GROUP] for name in PARAMETERS}, **{name: ["unparsable_group"] for name in UNPARSABLE}},
    )
    return independent(tree)
