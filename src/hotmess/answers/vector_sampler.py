"""Gibbs sampling of the model of probability vectors in `hotmess.answers.probabilities`.

Given the responses' main options, which are known but for ties, everything falls into small independent pieces, updated
by Metropolis steps that are vectorised over cells. Chains run beside one another, as if they were further cells.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, gammaln, log_ndtr

from hotmess.answers.prior import AnswerPrior

Floats = NDArray[Any]
Ints = NDArray[np.int64]
HYPER = ("lead", "spread", "rest")  # of cells: mu, log sigma, log beta
LOCATION, WIDTH, SCALE = (4.0, 0.5, 0.0), (3.0, 1.5, 2.0), (2.0, 1.0, 1.5)
DOUBT = 3.0  # sd of tau, by how much less the mean lead is where a second thought is another option
# Of mu, log sigma, tau, log beta, where responses are all the same. Shares of a log beta beyond 15 scatter by less than
# any rounding unit, and its likelihood cancels to noise.
BOUND = {"lead": 60.0, "spread": 6.0, "tau": 60.0, "rest": 15.0}
NARROW, BROAD = 0.05, 6.0  # the scatter of cells lies between
_EDGES = np.linspace(np.log(NARROW), np.log(BROAD), 501)  # log scatter is drawn from densities constant between these
SIGMA = np.exp((_EDGES[1:] + _EDGES[:-1]) / 2)
AIM, PACE = 0.4, 0.1  # acceptance aimed at; pace of the steps' adaptation


@dataclass
class State:
    """One sweep's values; cells and groups of all chains one after the other."""

    logit_a: Floats
    log_kappa: Floats
    log_phi: Floats
    lead: Floats
    spread: Floats
    rest: Floats
    tau: Floats
    location: Floats
    scale: Floats
    p: Floats
    split: Floats
    step: dict[str, Floats] = field(default_factory=dict)


@dataclass(frozen=True)
class Vectors:
    """Divided responses, and the certain ones by option; the target first.

    Attributes
    ----------
    log_f, log_rest
        (R, D) logarithms of the divided responses' probabilities, and of one minus each; 0 off the support.
    lead
        (R,) log of the largest over the second largest probability.
    tied
        (R, D) options that have the largest probability.
    cell
        (R,) their cells.
    on
        (cells, D) certain responses by option.
    real
        (cells, D) options each cell has.
    group
        (cells,) group of each cell.
    """

    log_f: Floats
    log_rest: Floats
    lead: Floats
    tied: NDArray[np.bool_]
    cell: Ints
    on: Floats
    real: NDArray[np.bool_]
    group: Ints

    def tiled(self, chains: int) -> Vectors:
        """The same data for each chain."""
        cells, groups = len(self.real), int(self.group.max()) + 1
        cell = np.concatenate([self.cell + c * cells for c in range(chains)])
        group = np.concatenate([self.group + c * groups for c in range(chains)])
        log_f, log_rest, tied = (np.tile(x, (chains, 1)) for x in (self.log_f, self.log_rest, self.tied))
        lead = np.tile(self.lead, chains)
        return Vectors(
            log_f, log_rest, lead, tied, cell, np.tile(self.on, (chains, 1)), np.tile(self.real, (chains, 1)), group
        )


def sample_vectors(
    data: Vectors, prior: AnswerPrior, *, draws: int, warmup: int, chains: int, thin: int, seed: int
) -> dict[str, Floats]:
    """Draws (chains, draws, …) of the State's fields, `mu`, `sigma` and `beta` as they are."""
    rng = np.random.default_rng([seed, 37])
    real, kept_cells, kept_groups = data.real, len(data.real), int(data.group.max()) + 1
    data = data.tiled(chains)
    state = _start(data, prior, rng)
    out: dict[str, list[Floats]] = {}
    for turn in range(warmup + draws * thin):
        adapt = turn < warmup
        counts, sums = _options(data, state, rng, adapt)
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


def _options(data: Vectors, s: State, rng: np.random.Generator, adapt: bool) -> tuple[Floats, dict[str, Floats]]:
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
        yes, no = _thoughts(data, s.lead, s.spread, s.tau)
        chances = (x[data.cell[tied]] + side[tied, None] for x, side in zip((log_p, log_q), (yes, no), strict=True))
        weight[tied] += np.logaddexp(*chances)
    main = np.where(data.tied, weight + rng.gumbel(size=weight.shape), -np.inf).argmax(1)
    row = np.arange(len(main))
    agree = _sharpness(data, s, (log_p[data.cell, main], log_q[data.cell, main]), rng, adapt)
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


def _thoughts(data: Vectors, lead: Floats, spread: Floats, tau: Floats) -> tuple[Floats, Floats]:
    """(R,) log densities of the leads where the second thought is the same option, and where it is another."""
    out = []
    for mu in (lead, lead - tau[data.group]):
        norm = -spread - log_ndtr(mu * np.exp(-spread))
        out.append(norm[data.cell] - 0.5 * ((data.lead - mu[data.cell]) * np.exp(-spread)[data.cell]) ** 2)
    return out[0], out[1]


def _sharpness(
    data: Vectors, s: State, chances: tuple[Floats, Floats], rng: np.random.Generator, adapt: bool
) -> NDArray[np.bool_]:
    """The lead's Normal in every cell and tau in every group, second thoughts integrated out.

    Cells first, given their groups; then groups with their cells: tau with the leads of split cells (`State.split`),
    and location and scatter (`_together`).

    Then draws which responses agree with their second thought, of which `chances` are the log probabilities.
    """
    cells, groups = len(data.real), len(s.tau)
    at = {"lead": s.lead, "spread": s.spread, "tau": s.tau}

    def sides(x: dict[str, Floats]) -> list[Floats]:
        return [c + side for c, side in zip(chances, _thoughts(data, **x), strict=True)]

    def likelihood(x: dict[str, Floats]) -> Floats:
        out: Floats = np.bincount(data.cell, weights=np.logaddexp(*sides(x)), minlength=cells)
        return out

    def log_prior(x: dict[str, Floats]) -> Floats:
        z = [(x[name] - s.location[i, data.group]) / s.scale[i, data.group] for i, name in enumerate(HYPER[:2])]
        return -0.5 * (z[0] ** 2 + z[1] ** 2)

    def in_groups(x: Floats) -> Floats:
        out: Floats = np.bincount(data.group, weights=x, minlength=groups)
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

    def along(name: str) -> Callable[[Floats], Floats]:
        return lambda x: likelihood(at | {name: x})

    for i, name in enumerate(HYPER[:2]):
        at[name], here = _together(data, s, i, at[name], here, along(name), rng, adapt)
    s.lead, s.spread, s.tau = at["lead"], at["spread"], at["tau"]
    yes, no = sides(at)
    with np.errstate(over="ignore"):
        return rng.random(len(yes)) < expit(yes - no)


def _together(
    data: Vectors,
    s: State,
    i: int,
    at: Floats,
    here: Floats,
    likelihood: Callable[[Floats], Floats],
    rng: np.random.Generator,
    adapt: bool,
) -> tuple[Floats, Floats]:
    """Location and scatter of one kind of value, the cells' values moved along; the values, and their log likelihood.

    Standardised values (x - location)/scale stay, so that only the likelihood and the prior of location and scatter
    count: the non-centred parametrisation beside the centred one of `_scatter` (Yu & Meng 2011).
    """
    groups, name = s.location.shape[1], HYPER[i]

    there_are = np.ones(len(at), bool) if at.ndim == 1 else data.real  # options that a cell lacks stay where they are

    def of_cells(x: Floats) -> Floats:
        out: Floats = x[data.group] if at.ndim == 1 else x[data.group, None]
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


def _popularity(
    data: Vectors, s: State, counts: Floats, prior: AnswerPrior, rng: np.random.Generator, adapt: bool
) -> None:
    """The nested Dirichlet of main options: group parameters with every p integrated out, then p."""
    groups = s.location.shape[1]
    right, wrong = counts[:, 0], counts[:, 1:]
    lost, k = wrong.sum(1), data.real[:, 1:].sum(1)

    def value(x: list[Floats]) -> Floats:
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


def _nest(x: list[Floats], group: Ints) -> tuple[tuple[Floats, Floats], Floats]:
    kappa = np.exp(x[1])[group]
    return (kappa * expit(x[0])[group], kappa * expit(-x[0])[group]), np.exp(x[2])[group]


def _remainder(data: Vectors, s: State, sums: dict[str, Floats], rng: np.random.Generator, adapt: bool) -> None:
    """How what the main option leaves over is divided, option by option."""
    main, shares = sums["main"], sums["shares"]
    off = main.sum(1, keepdims=True) - main  # responses in which option j is among the others
    cells, width = data.real.shape

    def whole(beta: Floats, total: Floats) -> Floats:
        return (main * gammaln(np.maximum(total[:, None] - beta, 1e-300))).sum(1)

    def likelihood(rest: Floats) -> Floats:
        beta = np.where(data.real, np.exp(rest), 1.0)
        each = np.where(data.real, beta * shares - off * gammaln(beta), 0.0).sum(1)
        beta = np.where(data.real, beta, 0.0)
        return each + whole(beta, beta.sum(1))

    def log_prior(rest: Floats, location: Floats, scale: Floats) -> Floats:
        return np.where(data.real, -0.5 * ((rest - location[:, None]) / scale[:, None]) ** 2, 0.0).sum(1)

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
    s.rest, _ = _together(data, s, 2, s.rest, here, likelihood, rng, adapt)


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
        s.scale[i] = np.exp(rng.uniform(_EDGES[place], _EDGES[place + 1]))
        precision = 1 / WIDTH[i] ** 2 + n / s.scale[i] ** 2
        center = (LOCATION[i] / WIDTH[i] ** 2 + n * mean / s.scale[i] ** 2) / precision
        s.location[i] = center + rng.normal(size=groups) / np.sqrt(precision)
