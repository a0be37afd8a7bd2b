"""The diagnostics gate: no verdict and no `reliable` without it (methods, section 7).

Draws of chains are judged by R-hat and effective sample sizes. Exact independent draws, as from a grid, have nothing to
converge: they are judged by their number alone. One draw, one chain, a constant or too few draws are no diagnosis, and
what has no diagnosis does not pass.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from hotmess.errors import NotTestable
from hotmess.inference.converged import BLOCK, diagnostics
from hotmess.words import counted

RHAT, RHAT_LATENT, ESS = 1.01, 1.05, 400
INDEPENDENT = 200
"""Independent draws below this number say too little of an interval's ends."""

LEAST = 20
"""Fewer draws than this are not even summarised by a covariance."""

REMEMBERED = 10_000
"""Quantities whose diagnostics are kept: a report judges those of its fits and its claims, and shows them."""
_KNOWN: dict[bytes, tuple[float, float, float]] = {}

MORE = "more draws may cure it (--draws, --warmup)"
Called = Mapping[str, Callable[..., str]]
"""What a fit's variables are called in words: by name, a function of the coordinates of an entry."""

CHAINS, DRAWS = 2, 4
"""The fewest chains, and draws of each, that R-hat can be computed of."""


@dataclass(frozen=True)
class Gate:
    """Whether a fit's draws may be spoken of, and if not, why not.

    `values` holds, per quantity, (rank-normalised R-hat, bulk ESS, tail ESS); `reasons` one sentence per failure;
    `independent` says that the draws behind it are exact and independent, so that R-hat, nan then, does not judge them.
    """

    reasons: tuple[str, ...] = ()
    values: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    divergences: int = 0
    independent: bool = False

    @property
    def passed(self) -> bool:
        return not self.reasons

    @property
    def said(self) -> str:
        """Reliable, or why not, in a few words."""
        return f"not reliable: {self.reasons[0]}" if self.reasons else "reliable"

    def __and__(self, other: Gate) -> Gate:
        return Gate(
            tuple(dict.fromkeys(self.reasons + other.reasons)),
            {**self.values, **other.values},
            self.divergences + other.divergences,
            self.independent and other.independent,
        )

    def judge(self, draws: Mapping[str, np.ndarray], *, constants: bool = True) -> Gate:
        """The gate of quantities computed draw by draw from the draws behind this gate, (chain, draw) each.

        A quantity may be constant where there are draws enough to show it, as its parameters have been diagnosed; not
        without `constants`: what a verdict is about must vary.

        >>> exact = Gate(independent=True)
        >>> exact.judge({"x": np.random.default_rng(0).normal(size=(1, 250))}).passed
        True
        >>> exact.judge({"x": np.ones((4, 20))}).reasons
        ('80 independent draws of x are too few, there must be at least 200',)
        """
        if self.independent:
            return _count(draws, constants=constants)
        return gate_draws(draws, constants=constants)

    def each(self, draws: np.ndarray) -> np.ndarray:
        """(k,) whether k quantities, draws (chain, draw, k), pass alone, as `judge` says of one.

        >>> Gate().each(np.random.default_rng(0).normal(size=(4, 500, 2)) * [1, np.inf]).tolist()
        [True, False]
        """
        columns = [draws[:, :, i] for i in range(draws.shape[2])]
        if self.independent:
            return np.array([not _count({"": x}).reasons for x in columns], bool)
        found = zip(columns, diagnose_each(columns))
        return np.array([not _reasons("", x, one, RHAT, ESS, constants=True) for x, one in found], bool)

    def over(self, draws: Mapping[str, np.ndarray], what: str = "") -> Gate:
        """This gate and that of quantities computed from its draws: both must pass; what: they are, of each name."""
        return self & self.judge({f"{what} of {name}" if what else name: x for name, x in draws.items()})


def diagnose(x: np.ndarray) -> tuple[float, float, float]:
    """Rank-normalised split R-hat, bulk ESS and tail ESS of draws of shape (chain, draw).

    A constant is reported as nan for all three; fewer than two chains of four draws as infinite R-hat without any
    effective draw.

    >>> rhat, bulk, tail = diagnose(np.random.default_rng(0).normal(size=(4, 500)))
    >>> rhat < 1.01, bulk > 1000, tail > 1000
    (True, True, True)
    >>> diagnose(np.zeros((1, 1)))
    (inf, 0.0, 0.0)
    """
    return diagnose_each([x])[0]


def diagnose_each(draws: Sequence[np.ndarray]) -> list[tuple[float, float, float]]:
    """The same of many quantities, together where they have as many draws; draws seen before are not judged again."""
    if len(_KNOWN) > REMEMBERED:
        _KNOWN.clear()
    alike, keys = dict[tuple[int, ...], dict[bytes, np.ndarray]](), []
    for x in draws:
        keys.append(hashlib.blake2b(repr(x.shape).encode() + np.asarray(x, float).tobytes(), digest_size=16).digest())
        if x.shape[1] < DRAWS or x.shape[0] < CHAINS:
            _KNOWN[keys[-1]] = (np.inf, 0.0, 0.0)
        elif keys[-1] not in _KNOWN:
            alike.setdefault(x.shape, {})[keys[-1]] = x
    for new in alike.values():
        for start in range(0, len(new), BLOCK):
            block = list(new.items())[start : start + BLOCK]
            _KNOWN.update(zip(dict(block), _together(np.stack([x for _, x in block], axis=-1).astype(float))))
    return [_KNOWN[key] for key in keys]


def _together(x: np.ndarray) -> list[tuple[float, float, float]]:
    finite, still = np.isfinite(x).all((0, 1)), x.min((0, 1)) == x.max((0, 1))
    found = np.tile([np.inf, 0.0, 0.0], (x.shape[2], 1))
    found[finite & still] = np.nan
    moving = finite & ~still
    of_moving = diagnostics(x[:, :, moving])
    # 0/0 where chains stand still, each at a place of its own: that is a failure, not a constant.
    of_moving[:, 0] = np.where(np.isnan(of_moving[:, 0]), np.inf, of_moving[:, 0])
    found[moving] = np.nan_to_num(of_moving, posinf=np.inf)
    return [(float(rhat), float(bulk), float(tail)) for rhat, bulk, tail in found]


def gate_draws(
    draws: Mapping[str, np.ndarray],
    *,
    rhat: float = RHAT,
    ess: float = ESS,
    constants: bool = False,
    words: Mapping[str, str] | None = None,
) -> Gate:
    """The gate for named scalar quantities with draws of chains, of shape (chain, draw).

    A parameter that is the same in all draws may have stood still: that is no diagnosis. With `constants` it passes
    where there are more draws than `ess`, as what is computed of diagnosed parameters may be constant. words: what
    quantities are called in the sentences, where not by their names.
    """
    values = dict(zip(draws, diagnose_each(list(draws.values()))))
    called = {name: (words or {}).get(name, name) for name in draws}
    reasons = [_reasons(called[name], x, values[name], rhat, ess, constants=constants) for name, x in draws.items()]
    return Gate(tuple(why for some in reasons for why in some), values)


def _reasons(
    name: str, x: np.ndarray, found: tuple[float, float, float], rhat: float, ess: float, *, constants: bool
) -> list[str]:
    """Why draws (chain, draw) with these diagnostics do not pass, one sentence for each failure."""
    r, bulk, tail = found
    if x.shape[0] < CHAINS or x.shape[1] < DRAWS:
        have = f"{counted(x.shape[1], 'draw')} of {counted(x.shape[0], 'chain')}"
        be = "is" if x.shape[1] == 1 else "are"
        return [f"R-hat of {name} needs {CHAINS} chains of {DRAWS} draws, and there {be} {have}"]
    if np.isnan(r):
        if not constants:
            return [f"{name} is the same in all draws, which is no diagnosis: R-hat is undefined"]
        return [f"effective sample size of {name} is not above {ess:.0f}, with {x.size} draws"] * (x.size <= ess)
    if not np.isfinite(x).all():
        return [_lost(name, x)]
    reasons = []
    if r >= rhat:
        reasons.append(f"R-hat of {name} is {told_from(r, rhat, 3)}, not below {rhat}: the chains disagree")
    if (least := min(bulk, tail)) <= ess:
        reasons.append(f"effective sample size of {name} is {told_from(least, ess, 0)}, not above {ess:.0f}")
    return reasons


def told_from(value: float, bound: float, digits: int) -> str:
    """A number with as many decimals as tell it from a bound, `digits` at least; what equals it stays equal.

    >>> told_from(1.0102, 1.01, 3), told_from(1.2, 1.01, 3), told_from(399.7, 400, 0), told_from(400, 400, 0)
    ('1.0102', '1.200', '399.7', '400')
    """
    if value == bound or not np.isfinite(value):
        return f"{value:.{digits}f}"
    shown = (f"{value:.{more}f}" for more in range(digits, 17))
    return next((text for text in shown if float(text) != bound), f"{value:.{digits}f}")


def _count(draws: Mapping[str, np.ndarray], *, constants: bool = True, words: Mapping[str, str] | None = None) -> Gate:
    """The gate for exact independent draws: there must be enough, all of them finite."""
    values, reasons = {}, []
    for key, x in draws.items():
        values[key], name = (np.nan, float(x.size), float(x.size)), (words or {}).get(key, key)
        if not np.isfinite(x).all():
            reasons.append(_lost(name, x))
        elif x.size < INDEPENDENT:
            reasons.append(
                f"{counted(x.size, 'independent draw')} of {name} {'is' if x.size == 1 else 'are'} too few, there must "
                f"be at least {INDEPENDENT}"
            )
        elif not constants and np.ptp(x) == 0:
            reasons.append(f"{name} is the same in all draws, which is no diagnosis")
    return Gate(tuple(reasons), values, independent=True)


def _lost(name: str, x: np.ndarray) -> str:
    lost = int((~np.isfinite(x)).sum())
    return f"{name} is not a finite number in {'all' if lost == x.size else f'{lost:,} of'} {counted(x.size, 'draw')}"


def need_draws(draws: int, *, least: int = LEAST) -> None:
    """Refuse draws of which not even a covariance, or a share, can be told.

    >>> need_draws(1)
    Traceback (most recent call last):
    hotmess.errors.NotTestable: Nothing can be said from 1 draw, there must be at least 20 (--draws, --chains).
    """
    if draws < least:
        raise NotTestable(
            f"Nothing can be said from {counted(draws, 'draw')}, there must be at least {least} (--draws, --chains)."
        )


def independent(tree: xr.DataTree) -> xr.DataTree:
    """Mark a posterior's draws as exact and independent."""
    tree["posterior"].attrs["draws"] = "independent"
    return tree


def gate_tree(tree: xr.DataTree, *, names: Sequence[str] | None = None, called: Called | None = None) -> Gate:
    """The gate for a fit: every scalar of the named posterior variables (default: all), and divergences.

    Variables called `latent` in their attributes' `role` are question-level: R-hat below 1.05 suffices. Entries of
    arrays are named by their coordinates, as log_phi[owl-1b], or in words by what `called` says of them.
    """
    posterior = tree["posterior"].dataset
    exact = tree["posterior"].attrs.get("draws") == "independent"
    gate = Gate(independent=exact)
    for name in names or [str(name) for name in posterior.data_vars]:
        draws, words = {}, {}
        for entry, place, x in _scalars(name, posterior[name]):
            draws[entry] = x
            if called is not None and name in called:
                words[entry] = called[name](**place)
        latent = posterior[name].attrs.get("role") == "latent"
        if exact:
            gate &= _count(draws, constants=False, words=words)
        elif latent:
            gate &= gate_draws(draws, rhat=RHAT_LATENT, ess=0, constants=True, words=words)
        else:
            gate &= gate_draws(draws, words=words)
    divergences = 0
    if "sample_stats" in tree.children and "diverging" in tree["sample_stats"].dataset:
        divergences = int(tree["sample_stats"]["diverging"].sum())
    if divergences:
        many = "s" if divergences > 1 else ""
        sentence = f"{divergences} divergent transition{many}: the sampler missed part of the posterior"
        gate &= Gate((sentence,), {}, divergences)
    return gate


def _scalars(name: str, array: xr.DataArray) -> Iterator[tuple[str, dict[str, str], np.ndarray]]:
    """Every scalar of a variable, (chain, draw), with the name that its coordinates give it, and these."""
    rest = [str(d) for d in array.dims[2:]]
    labels = [array[d].values if d in array.coords else np.arange(array.sizes[d]) for d in rest]
    for index in np.ndindex(*array.shape[2:]):
        place = {dim: str(label[i]) for dim, label, i in zip(rest, labels, index)}
        entry = f"{name}[{', '.join(place.values())}]" if rest else name
        yield entry, place, array.values[(slice(None), slice(None), *index)]
