"""Pointwise log likelihood on the collapsed model; its unit is a question with all its cells (methods, section 3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from hotmess.answers.conjugate import LetterCells
from hotmess.decompose.grouping import question_index

if TYPE_CHECKING:
    import xarray as xr
    from jaxtyping import Float, Int

    from hotmess.answers.groups import Groups
    from hotmess.responses.cells import Cells

BLOCK = 100_000  # numbers of one array, about


def cell_log_likelihood(
    letters: LetterCells, group: Int[np.ndarray, " cells"], parameters: dict[str, np.ndarray]
) -> Float[np.ndarray, "draws cells"]:
    """(draws, cells) exact log likelihood of each cell's counts (a sequence of answers), by table look-up.

    log [rise(kappa a, x) rise(kappa (1-a), r) / rise(kappa, n)] + sum_k log rise(phi/K, c_k) - log rise(phi, r), with
    rise(alpha, x) = Gamma(alpha + x)/Gamma(alpha) tabulated for x up to the largest cell; and the unparsable share.
    """
    split = letters.wrong.sum(axis=1)
    wrong = split + letters.unparsable
    total = letters.right + wrong
    kinds, kind = np.unique(letters.choices - 1, return_inverse=True)
    draws, cells = len(parameters["logit_a"]), len(group)
    out = np.empty((draws, cells))
    steps = np.arange(int(total.max()), dtype=float)

    def rise(alpha: np.ndarray) -> np.ndarray:
        """(draws, groups, counts) of alpha (draws, groups)."""
        logs = np.zeros((*alpha.shape, len(steps) + 1))
        np.cumsum(np.log(np.maximum(alpha[..., None] + steps, 1e-300)), axis=-1, out=logs[..., 1:])
        return logs

    def beta_binomial(mean: np.ndarray, size: np.ndarray, yes: np.ndarray, no: np.ndarray, g: np.ndarray) -> np.ndarray:
        out: np.ndarray = rise(size * mean)[:, g, yes] + rise(size * (1 - mean))[:, g, no] - rise(size)[:, g, yes + no]
        return out

    together = max(1, BLOCK // max(letters.wrong.size, parameters["logit_a"].shape[1] * (len(steps) + 1)))
    for begin in range(0, draws, together):
        block = slice(begin, begin + together)
        own = {name: x[block] for name, x in parameters.items()}
        kappa, phi, a = np.exp(own["log_kappa"]), np.exp(own["log_phi"]), expit(own["logit_a"])
        out[block] = beta_binomial(a, kappa, letters.right, wrong, group) - rise(phi)[:, group, split]
        option = np.stack([rise(phi / k) for k in kinds], axis=1)
        out[block] += option[:, kind[:, None], group[:, None], letters.wrong].sum(axis=-1)
        if "logit_u" in own:
            has = np.flatnonzero(np.isfinite(own["logit_u"][0])[group])
            share, psi = expit(own["logit_u"]), np.exp(own["log_psi"])
            out[block, has] += beta_binomial(share, psi, letters.unparsable[has], split[has], group[has])
    return out


def _patterns(letters: LetterCells, group: np.ndarray) -> tuple[tuple[LetterCells, np.ndarray], np.ndarray]:
    """Cells of one group whose counts agree up to the order of wrong options have one likelihood: each once."""
    keys = np.column_stack(
        [group, letters.right, letters.unparsable, letters.choices, np.sort(letters.wrong, axis=1)[:, ::-1]]
    )
    _, first, inverse = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    once = LetterCells(
        letters.right[first],
        np.sort(letters.wrong, axis=1)[first, ::-1],
        letters.unparsable[first],
        letters.choices[first],
    )
    return (once, group[first]), inverse.ravel()


def question_log_likelihood(
    letters: LetterCells,
    group: Int[np.ndarray, " cells"],
    parameters: dict[str, np.ndarray],
    question: Int[np.ndarray, " cells"],
) -> Float[np.ndarray, "draws questions"]:
    """(draws, questions) log likelihood of each question, summed over its cells, everything of its own integrated out.

    question: (cells,) index of each cell's question, none of them without cells.
    """
    from hotmess.answers import positions
    from hotmess.answers.position_cells import PositionCells

    order = np.argsort(question, kind="stable")
    starts = np.searchsorted(question[order], np.arange(int(question.max()) + 1))
    plain = not isinstance(letters, PositionCells)
    patterns, inverse = _patterns(letters, group) if plain else ((letters, group), slice(None))
    likelihood: Callable[..., np.ndarray] = cell_log_likelihood if plain else positions.cell_log_likelihood
    draws = len(parameters["logit_a"])
    ll = np.empty((draws, len(starts)), np.float32)
    for begin in range(0, draws, 100):  # bounded memory
        part = {k: v[begin : begin + 100] for k, v in parameters.items()}
        values = likelihood(patterns[0], patterns[1], part)[:, inverse]
        ll[begin : begin + 100] = np.add.reduceat(values[:, order], starts, axis=1)
    return ll


def right_draws(
    letters: LetterCells,
    group: Int[np.ndarray, " cells"],
    parameters: dict[str, np.ndarray],
    question: Int[np.ndarray, " cells"],
    seed: object,
) -> Int[np.ndarray, "draws questions"]:
    """(draws, questions) right responses of new questions with as many responses: Beta-binomial(n, κ a, κ (1 − a)).

    A question's cells are added up. seed: of `numpy.random.default_rng`.

    >>> from hotmess.answers.conjugate import LetterCells
    >>> cells = LetterCells(*(np.array(x) for x in ([3, 1], [[1], [1]], [0, 0], [2, 2])))
    >>> many = {"logit_a": np.full((4000, 1), 0.0), "log_kappa": np.full((4000, 1), np.log(2.0))}
    >>> made = right_draws(cells, np.array([0, 0]), many, np.array([0, 0]), 1)  # twice uniform: 0 to 4 and 0 to 2
    >>> made.shape, round(float(made.mean()), 1)
    ((4000, 1), 3.0)
    """
    rng = np.random.default_rng(seed)  # type: ignore[arg-type]
    n = letters.right + letters.wrong.sum(axis=1) + letters.unparsable
    order = np.argsort(question, kind="stable")
    starts = np.searchsorted(question[order], np.arange(int(question.max()) + 1))
    out = np.empty((len(parameters["logit_a"]), len(starts)), np.int32)
    for s in range(len(out)):
        a, kappa = expit(parameters["logit_a"][s]), np.exp(parameters["log_kappa"][s])
        p = rng.beta((kappa * a + 1e-12)[group], (kappa * (1 - a) + 1e-12)[group])
        out[s] = np.add.reduceat(rng.binomial(n.astype(np.int64), p)[order], starts)
    return out


def add_data(
    tree: xr.DataTree, cells: Cells, letters: LetterCells, groups: Groups, parameters: dict[str, np.ndarray]
) -> xr.DataTree:
    """Add log_likelihood per question, observed counts and the cells' groups to a fit's tree.

    `observed_data` has, under the likelihood's name and dimension, a question's right responses.
    """
    import xarray as xr

    posterior = tree["posterior"].dataset
    chains, draws = posterior.sizes["chain"], posterior.sizes["draw"]
    question = question_index(cells.table)
    first = np.unique(question, return_index=True)[1]
    labels = [f"{b} / {q}" for b, q in cells.table.iloc[first][["benchmark", "question"]].itertuples(index=False)]
    ll = question_log_likelihood(letters, groups.index, parameters, question)
    tree["log_likelihood"] = xr.Dataset(
        {"responses": (("chain", "draw", "question"), ll.reshape(chains, draws, -1))},
        coords={"chain": posterior.chain, "draw": posterior.draw, "question": labels},
    )
    counts = np.column_stack([letters.right, letters.wrong, letters.unparsable])
    right, asked = (np.bincount(question, x).astype(np.int64) for x in (letters.right, counts.sum(axis=1)))
    where = {"question": labels}
    tree["observed_data"] = xr.Dataset({"responses": ("question", right)}, coords=where)
    tree["constant_data"] = xr.Dataset(
        {
            "responses": ("question", asked),
            "counts": (("cell", "category"), counts),
            "group": (("cell",), groups.index),
            "cell_question": (("cell",), question),
            "choices": (("cell",), letters.choices),
        },
        coords=where,
    )
    return tree
