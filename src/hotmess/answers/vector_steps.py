"""Metropolis steps of the sampler of probability vectors that concern the responses' leads."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import expit, gammaln, log_ndtr

from hotmess.answers.vector_state import (
    AIM,
    BOUND,
    BROAD,
    DOUBT,
    HYPER,
    LOCATION,
    NARROW,
    PACE,
    SCALE,
    WIDTH,
    State,
    Vectors,
)
from hotmess.arrays import Bools, Numbers


def step_options(data: Vectors, s: State, rng: np.random.Generator, adapt: bool) -> tuple[Numbers, dict[str, Numbers]]:
    """Draw the main option k of tied responses, what gives the leads, and second thoughts.

    Returns counts (cells, D) of all draws from p, and the sums that the remainder needs. Given k the density is that of
    the lead, over f_k (1 - f_k), times the Dirichlet's of f_j/(1 - f_k), over (1 - f_k)^(D - 2).
    """
    cells, width = data.real.shape
    real, p = data.real[data.cell], np.maximum(s.p, 1e-300)
    log_p, log_q = np.log(p), np.log(np.maximum(1 - p, 1e-300))
    beta = np.where(data.real, np.exp(s.rest), 0.0)
    others = np.maximum(beta.sum(1, keepdims=True) - beta, 1e-300)
    constant = log_p + gammaln(others) + gammaln(np.where(data.real, beta, 1.0))
    weight = constant[data.cell] - beta[data.cell] * data.log_f - others[data.cell] * data.log_rest
    tied = np.flatnonzero(data.tied.sum(1) > 1)
    if len(tied):
        yes, no = thoughts(data, s.lead, s.spread, s.tau)
        chances = (x[data.cell[tied]] + side[tied, None] for x, side in zip((log_p, log_q), (yes, no), strict=True))
        weight[tied] += np.logaddexp(*chances)
    main = np.where(data.tied, weight + rng.gumbel(size=weight.shape), -np.inf).argmax(1)
    row = np.arange(len(main))
    agree = step_sharpness(data, s, (log_p[data.cell, main], log_q[data.cell, main]), rng, adapt)
    second, doubt = main.copy(), np.flatnonzero(~agree)
    again = log_p[data.cell[doubt]] + rng.gumbel(size=(len(doubt), width))
    second[doubt] = np.where(real[doubt] & (np.arange(width) != main[doubt, None]), again, -np.inf).argmax(1)
    by_main, by_second = (
        np.bincount(data.cell * width + x, minlength=cells * width).reshape(cells, width).astype(float)
        for x in (main, second)
    )
    kept = np.where(real, data.log_f - data.log_rest[row, main][:, None], 0.0)
    kept[row, main] = 0.0
    shares = np.stack([np.bincount(data.cell, weights=kept[:, j], minlength=cells) for j in range(width)], 1)
    return data.on + by_main + by_second, {"main": by_main, "shares": shares}


def thoughts(data: Vectors, lead: Numbers, spread: Numbers, tau: Numbers) -> tuple[Numbers, Numbers]:
    """(R,) log densities of the leads where the second thought is the same option, and where it is another."""
    out = []
    for mu in (lead, lead - tau[data.group]):
        norm = -spread - log_ndtr(mu * np.exp(-spread))
        out.append(norm[data.cell] - 0.5 * ((data.lead - mu[data.cell]) * np.exp(-spread)[data.cell]) ** 2)
    return out[0], out[1]


def step_sharpness(
    data: Vectors, s: State, chances: tuple[Numbers, Numbers], rng: np.random.Generator, adapt: bool
) -> Bools:
    """The lead's Normal in every cell and tau in every group, second thoughts integrated out.

    Cells first, given their groups; then groups with their cells: tau with the leads of split cells (`State.split`),
    and location and scatter (`_together`).

    Then draws which responses agree with their second thought, of which `chances` are the log probabilities.
    """
    cells, groups = len(data.real), len(s.tau)
    at = {"lead": s.lead, "spread": s.spread, "tau": s.tau}

    def sides(x: dict[str, Numbers]) -> list[Numbers]:
        return [c + side for c, side in zip(chances, thoughts(data, **x), strict=True)]

    def likelihood(x: dict[str, Numbers]) -> Numbers:
        out: Numbers = np.bincount(data.cell, weights=np.logaddexp(*sides(x)), minlength=cells)
        return out

    def log_prior(x: dict[str, Numbers]) -> Numbers:
        z = [(x[name] - s.location[i, data.group]) / s.scale[i, data.group] for i, name in enumerate(HYPER[:2])]
        out: Numbers = -0.5 * (z[0] ** 2 + z[1] ** 2)
        return out

    def in_groups(x: Numbers) -> Numbers:
        out: Numbers = np.bincount(data.group, weights=x, minlength=groups)
        return out

    here = likelihood(at)
    for name in ("lead", "spread") * 2:
        step = s.step[name]
        move = at[name] + step * rng.normal(size=len(step))
        inside = np.abs(move) <= BOUND[name]
        trial = at | {name: np.where(inside, move, at[name])}
        there = likelihood(trial)
        change = there - here + log_prior(trial) - log_prior(at)
        took = inside & (np.log(rng.random(len(step))) < change)
        at[name], here = np.where(took, trial[name], at[name]), np.where(took, there, here)
        if adapt:
            step *= np.exp(PACE * (took - AIM))
    mean_split = in_groups(s.split) / in_groups(np.ones(cells))
    for name in ("tau alone", "tau and split cells", "tau and all cells"):
        step, location = s.step[name], s.location.copy()
        far = step * rng.normal(size=groups)
        trial, change = at | {"tau": at["tau"] + far}, np.zeros(groups)
        if name == "tau and split cells":
            trial["lead"] = at["lead"] + s.split * far[data.group]
            change = in_groups(log_prior(trial) - log_prior(at))
        if name == "tau and all cells":  # standardised leads stay
            location[0] += mean_split * far
            trial["lead"] = at["lead"] + (mean_split * far)[data.group]
            change = 0.5 * ((s.location[0] - LOCATION[0]) ** 2 - (location[0] - LOCATION[0]) ** 2) / WIDTH[0] ** 2
        inside = (np.abs(trial["tau"]) <= BOUND["tau"]) & (in_groups(np.abs(trial["lead"]) > BOUND["lead"]) == 0)
        there = likelihood(trial | {n: np.clip(trial[n], -BOUND[n], BOUND[n]) for n in ("lead", "tau")})
        change = change + in_groups(there - here) - 0.5 * (trial["tau"] ** 2 - at["tau"] ** 2) / DOUBT**2
        took = inside & (np.log(rng.random(groups)) < change)
        at["tau"], s.location = np.where(took, trial["tau"], at["tau"]), np.where(took, location, s.location)
        at["lead"], here = (np.where(took[data.group], n, o) for n, o in ((trial["lead"], at["lead"]), (there, here)))
        if adapt:
            step *= np.exp(PACE * (took - AIM))

    def along(name: str) -> Callable[[Numbers], Numbers]:
        return lambda x: likelihood(at | {name: x})

    for i, name in enumerate(HYPER[:2]):
        at[name], here = step_together(data, s, i, at[name], here, along(name), rng, adapt)
    s.lead, s.spread, s.tau = at["lead"], at["spread"], at["tau"]
    yes, no = sides(at)
    with np.errstate(over="ignore"):
        result: Bools = rng.random(len(yes)) < expit(yes - no)
        return result


def step_together(
    data: Vectors,
    s: State,
    i: int,
    at: Numbers,
    here: Numbers,
    likelihood: Callable[[Numbers], Numbers],
    rng: np.random.Generator,
    adapt: bool,
) -> tuple[Numbers, Numbers]:
    """Location and scatter of one kind of value, the cells' values moved along; the values, and their log likelihood.

    Standardised values (x - location)/scale stay, so that only the likelihood and the prior of location and scatter
    count: the non-centred parametrisation beside the centred one of `_scatter` (Yu & Meng 2011).
    """
    groups, name = s.location.shape[1], HYPER[i]

    there_are = np.ones(len(at), bool) if at.ndim == 1 else data.real  # options that a cell lacks stay where they are

    def of_cells(x: Numbers) -> Numbers:
        out: Numbers = x[data.group] if at.ndim == 1 else x[data.group, None]
        return out

    for what in ("shift", "stretch"):
        step = s.step[f"{what} {name}"]
        far = step * rng.normal(size=groups)
        location, scale, inside = s.location[i].copy(), s.scale[i].copy(), np.ones(groups, bool)
        if what == "shift":
            location += far
            trial = at + of_cells(far)
            change = 0.5 * ((s.location[i] - LOCATION[i]) ** 2 - (location - LOCATION[i]) ** 2) / WIDTH[i] ** 2
        else:
            scale = s.scale[i] * np.exp(far)
            inside = (scale > NARROW) & (scale < BROAD)
            centre = of_cells(location)
            trial = centre + (at - centre) * of_cells(scale / s.scale[i])
            change = np.log(scale / s.scale[i]) - 0.5 * (scale**2 - s.scale[i] ** 2) / SCALE[i] ** 2
        trial = np.where(there_are, trial, at)
        out = np.abs(trial) > BOUND[name]
        trial = np.clip(trial, -BOUND[name], BOUND[name])  # refused, but looked at
        inside &= np.bincount(data.group, weights=out if at.ndim == 1 else out.any(1), minlength=groups) == 0
        there = likelihood(trial)
        change = change + np.bincount(data.group, weights=there - here, minlength=groups)
        took = inside & (np.log(rng.random(groups)) < change)
        at, here = np.where(of_cells(took), trial, at), np.where(took[data.group], there, here)
        s.location[i], s.scale[i] = np.where(took, location, s.location[i]), np.where(took, scale, s.scale[i])
        if adapt:
            step *= np.exp(PACE * (took - AIM))
    return at, here
