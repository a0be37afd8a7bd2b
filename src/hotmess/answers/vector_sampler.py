"""Gibbs sampling of the model of probability vectors in `hotmess.answers.probabilities`.

Given the responses' main options, which are known but for ties, everything falls into small independent pieces, updated
by Metropolis steps that are vectorised over cells. Chains run beside one another, as if they were further cells.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit, gammaln

from hotmess.answers.prior import AnswerPrior
from hotmess.answers.vector_state import (
    AIM,
    BOUND,
    EDGES,
    HYPER,
    LOCATION,
    PACE,
    SCALE,
    SIGMA,
    WIDTH,
    State,
    Vectors,
)
from hotmess.answers.vector_steps import step_options, step_together
from hotmess.arrays import Ints, Numbers


def sample_vectors(
    data: Vectors, prior: AnswerPrior, *, draws: int, warmup: int, chains: int, thin: int, seed: int
) -> dict[str, Numbers]:
    """Draws (chains, draws, …) of the State's fields, `mu`, `sigma` and `beta` as they are."""
    rng = np.random.default_rng([seed, 37])
    real, kept_cells, kept_groups = data.real, len(data.real), int(data.group.max()) + 1
    data = data.tiled(chains)
    state = _start(data, prior, rng)
    out: dict[str, list[Numbers]] = {}
    for turn in range(warmup + draws * thin):
        adapt = turn < warmup
        counts, sums = step_options(data, state, rng, adapt)
        _popularity(data, state, counts, prior, rng, adapt)
        _remainder(data, state, sums, rng, adapt)
        _scatter(data, state, rng)
        if not adapt and (turn - warmup) % thin == thin - 1:
            values = {
                "p": state.p.astype(np.float32),
                "mu": state.lead.copy(),
                "doubtful": state.lead - state.tau[data.group],
                "sigma": np.exp(state.spread),
                "beta": np.where(data.real, np.exp(state.rest), 0.0).astype(np.float32),
                "location": state.location.T.copy(),
                "scale": state.scale.T.copy(),
                **{name: getattr(state, name).copy() for name in ("logit_a", "log_kappa", "log_phi", "tau")},
            }
            for name, x in values.items():
                out.setdefault(name, []).append(x)
    size = dict.fromkeys(("p", "mu", "doubtful", "sigma", "beta"), kept_cells)
    shaped = {}
    for name, rows in out.items():
        x = np.stack(rows)
        x = x.reshape(draws, chains, size.get(name, kept_groups), *x.shape[2:])
        shaped[name] = np.swapaxes(x, 0, 1)
    assert shaped["p"].shape[2:] == real.shape
    return shaped


def _start(data: Vectors, prior: AnswerPrior, rng: np.random.Generator) -> State:
    cells, width = data.real.shape
    groups = int(data.group.max()) + 1
    logit_a, log_kappa, log_phi = (rng.normal(m, 0.3, groups) for m in prior.location)
    location = np.array(LOCATION)[:, None] + rng.normal(0, 0.3, (3, groups))
    counts = data.on.copy()
    np.add.at(counts, (data.cell, np.where(data.real[data.cell], data.log_f, -np.inf).argmax(1)), 1)
    p = np.where(data.real, counts + 0.5, 0.0)
    split = 1 - counts.max(1) / np.maximum(counts.sum(1), 1)
    return State(
        logit_a=logit_a,
        log_kappa=log_kappa,
        log_phi=log_phi,
        lead=location[0, data.group],
        spread=location[1, data.group],
        rest=np.repeat(location[2, data.group, None], width, 1),
        tau=np.full(groups, 0.5),
        location=location,
        scale=np.ones((3, groups)),
        p=p / p.sum(1, keepdims=True),
        split=split,
        step={
            **{f"shift {name}": np.full(groups, 0.3) for name in HYPER},
            **{f"stretch {name}": np.full(groups, 0.3) for name in HYPER},
            "size": np.full(cells, 0.5),
            "group": np.full((3, groups), 0.5),
            "lead": np.full(cells, 0.8),
            "spread": np.full(cells, 0.8),
            **{f"tau {what}": np.full(groups, 0.5) for what in ("alone", "and split cells", "and all cells")},
            "rest": np.full((cells, width), 0.8),
        },
    )


def _popularity(
    data: Vectors, s: State, counts: Numbers, prior: AnswerPrior, rng: np.random.Generator, adapt: bool
) -> None:
    """The nested Dirichlet of main options: group parameters with every p integrated out, then p."""
    groups = s.location.shape[1]
    right, wrong = counts[:, 0], counts[:, 1:]
    lost, k = wrong.sum(1), data.real[:, 1:].sum(1)

    def value(x: list[Numbers]) -> Numbers:
        alpha, phi = _nest(x, data.group)
        up, down = alpha
        each = gammaln(up + right) + gammaln(down + lost) - gammaln(up + down + right + lost)
        each -= gammaln(up) + gammaln(down) - gammaln(up + down)
        share = (phi / k)[:, None]
        each += gammaln(phi) - gammaln(phi + lost)
        each += np.where(wrong > 0, gammaln(share + wrong) - gammaln(share), 0.0).sum(1)
        log_prior = sum(-0.5 * ((v - m) / w) ** 2 for v, m, w in zip(x, prior.location, prior.scale, strict=True))
        return np.bincount(data.group, weights=each, minlength=groups) + log_prior

    at = [s.logit_a, s.log_kappa, s.log_phi]
    here = value(at)
    for i in range(3):
        trial = list(at)
        trial[i] = at[i] + s.step["group"][i] * rng.normal(size=groups)
        there = value(trial)
        took = np.log(rng.random(groups)) < there - here
        at[i] = np.where(took, trial[i], at[i])
        here = np.where(took, there, here)
        if adapt:
            s.step["group"][i] *= np.exp(PACE * (took - AIM))
    s.logit_a, s.log_kappa, s.log_phi = at
    (up, down), phi = _nest(at, data.group)
    accuracy = rng.beta(np.maximum(up + right, 1e-300), np.maximum(down + lost, 1e-300))
    gammas = rng.standard_gamma(np.where(data.real[:, 1:], (phi / k)[:, None] + wrong, 0.0)) + 1e-300 * data.real[:, 1:]
    share = gammas / gammas.sum(1, keepdims=True)
    s.p = np.column_stack([accuracy, (1 - accuracy)[:, None] * share])


def _nest(x: list[Numbers], group: Ints) -> tuple[tuple[Numbers, Numbers], Numbers]:
    kappa = np.exp(x[1])[group]
    return (kappa * expit(x[0])[group], kappa * expit(-x[0])[group]), np.exp(x[2])[group]


def _remainder(data: Vectors, s: State, sums: dict[str, Numbers], rng: np.random.Generator, adapt: bool) -> None:
    """How what the main option leaves over is divided, option by option."""
    main, shares = sums["main"], sums["shares"]
    off = main.sum(1, keepdims=True) - main  # responses in which option j is among the others
    cells, width = data.real.shape

    def whole(beta: Numbers, total: Numbers) -> Numbers:
        out: Numbers = (main * gammaln(np.maximum(total[:, None] - beta, 1e-300))).sum(1)
        return out

    def likelihood(rest: Numbers) -> Numbers:
        beta = np.where(data.real, np.exp(rest), 1.0)
        each = np.where(data.real, beta * shares - off * gammaln(beta), 0.0).sum(1)
        beta = np.where(data.real, beta, 0.0)
        out: Numbers = each + whole(beta, beta.sum(1))
        return out

    def log_prior(rest: Numbers, location: Numbers, scale: Numbers) -> Numbers:
        out: Numbers = np.where(data.real, -0.5 * ((rest - location[:, None]) / scale[:, None]) ** 2, 0.0).sum(1)
        return out

    location, scale = s.location[2, data.group], s.scale[2, data.group]
    beta = np.where(data.real, np.exp(s.rest), 0.0)
    here = whole(beta, beta.sum(1))
    for j in range(width):
        old = s.rest[:, j]
        new = old + s.step["rest"][:, j] * rng.normal(size=cells)
        trial = beta.copy()
        trial[:, j] = np.where(data.real[:, j], np.exp(new), 0.0)
        there = whole(trial, trial.sum(1))
        change = there - here - off[:, j] * (gammaln(np.exp(new)) - gammaln(np.exp(old)))
        change += (np.exp(new) - np.exp(old)) * shares[:, j]
        change -= 0.5 * (((new - location) / scale) ** 2 - ((old - location) / scale) ** 2)
        took = (np.log(rng.random(cells)) < change) & data.real[:, j] & (np.abs(new) <= BOUND["rest"])
        s.rest[:, j] = np.where(took, new, old)
        beta = np.where(took[:, None], trial, beta)
        here = np.where(took, there, here)
        if adapt:
            s.step["rest"][:, j] *= np.exp(PACE * (took - AIM))
    # All options of a cell at once: their common size, which one by one creeps where it is large.
    here = likelihood(s.rest)
    moved = s.rest + np.where(data.real, (s.step["size"] * rng.normal(size=cells))[:, None], 0.0)
    there = likelihood(np.clip(moved, -BOUND["rest"], BOUND["rest"]))
    change = there - here + log_prior(moved, location, scale) - log_prior(s.rest, location, scale)
    took = (np.abs(moved).max(1) <= BOUND["rest"]) & (np.log(rng.random(cells)) < change)
    if adapt:
        s.step["size"] *= np.exp(PACE * (took - AIM))
    s.rest, here = np.where(took[:, None], moved, s.rest), np.where(took, there, here)
    s.rest, _ = step_together(data, s, 2, s.rest, here, likelihood, rng, adapt)


def _scatter(data: Vectors, s: State, rng: np.random.Generator) -> None:
    """Location and scatter of the cells' values in every group: Normal given the scatter, the scatter on a grid."""
    groups = s.location.shape[1]
    for i, name in enumerate(HYPER):
        x = getattr(s, name)
        weight = np.ones(len(x)) if x.ndim == 1 else data.real.sum(1).astype(float)
        sums = x if x.ndim == 1 else np.where(data.real, x, 0.0).sum(1)
        n = np.bincount(data.group, weights=weight, minlength=groups)
        mean = np.bincount(data.group, weights=sums, minlength=groups) / n
        away = x - (mean[data.group] if x.ndim == 1 else mean[data.group, None])
        squares = away**2 if x.ndim == 1 else np.where(data.real, away**2, 0.0).sum(1)
        spread = np.bincount(data.group, weights=squares, minlength=groups)
        # The location is integrated out of the scatter's density: Normal(LOCATION, WIDTH² + sigma²/n) for the mean.
        variance = WIDTH[i] ** 2 + SIGMA[None] ** 2 / n[:, None]
        log_p = -(n[:, None] - 1) * np.log(SIGMA) - spread[:, None] / (2 * SIGMA**2)
        log_p = log_p - 0.5 * np.log(variance) - 0.5 * (mean[:, None] - LOCATION[i]) ** 2 / variance
        log_p = log_p - 0.5 * (SIGMA / SCALE[i]) ** 2 + np.log(SIGMA)
        place = (log_p + rng.gumbel(size=log_p.shape)).argmax(1)
        s.scale[i] = np.exp(rng.uniform(EDGES[place], EDGES[place + 1]))
        precision = 1 / WIDTH[i] ** 2 + n / s.scale[i] ** 2
        center = (LOCATION[i] / WIDTH[i] ** 2 + n * mean / s.scale[i] ** 2) / precision
        s.location[i] = center + rng.normal(size=groups) / np.sqrt(precision)
