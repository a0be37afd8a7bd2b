"""How strong hidden confounding would have to be to explain an association with length away (methods, section 5).

Length is observed, not assigned: a cause that moves both a response's length and its answer makes an association
without an effect. Under the marginal sensitivity model (Tan 2006) it changes, whatever it knows of the answer that a
response would give, the odds of being one of its stratum's longer responses, which are even, by a factor of Γ at most:

    P(longer | stratum, answer) / P(shorter | stratum, answer)  in  [1/Γ, Γ].

Answers at a length are then those that were seen there, weighed by w in [a, b] with a = (1 + 1/Γ)/2, b = (1 + Γ)/2 and
mean 1 at every length (Zhao, Small and Bhattacharya 2019; the mean makes the bound sharp: Dorn and Guo 2023). Of an
association Σ ±m_s φ_s, m_s > 0 the weight of a response's distance from the middle, + where it is longer, and φ_s what
its answer does to the statement, the worst such weights move either side by

    max_w E[(w - 1) φ] = min_c E[(b - 1)(φ - c)_+ + (1 - a)(c - φ)_+],

the minimum at the Γ/(1 + Γ) quantile of φ. Every c gives a bound, so that c_s is the quantile of the stratum's *other*
responses: few responses then make the bound too wide on average and never too narrow. The bias at Γ is the sum of
both sides; the interval moves with it, and with the scatter over questions of the association less its bias.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int

LARGEST = 20.0
"""Γ up to which a bound is looked for; beyond, it is only said to be larger."""
STEPS = 20


@dataclass(frozen=True)
class Association:
    """A sum ±mass·φ over n responses (or questions), linear in what each one's answer does to it.

    Attributes
    ----------
    phi
        (n,) what an answer does to the statement.
    mass
        (n,) distance from the middle of the lengths, as it enters the statement; 0 has no say.
    longer
        (n,) whether it is one of the longer.
    stratum
        (n,) within which lengths are compared: a cell of the table.
    question
        (n,) whose responses are dependent.
    """

    phi: Float[np.ndarray, " n"]
    mass: Float[np.ndarray, " n"]
    longer: Bool[np.ndarray, " n"]
    stratum: Int[np.ndarray, " n"]
    question: Int[np.ndarray, " n"]

    def by_question(self) -> Float[np.ndarray, " questions"]:
        """(Q,) what each question adds, φ less its stratum's mean."""
        count = np.bincount(self.stratum)
        mean = np.bincount(self.stratum, self.phi) / np.maximum(count, 1)
        signed = np.where(self.longer, self.mass, -self.mass)
        return np.bincount(self.question, signed * (self.phi - mean[self.stratum]))

    def bias(self, gamma: float, *, up: bool = False) -> Float[np.ndarray, " questions"]:
        """(Q,) the most by which confounding of strength Γ can have raised the association (`up`: lowered it)."""
        found = self._ranked
        out = np.zeros(len(found.value))
        for longer, mass in ((True, found.longer), (False, found.shorter)):
            away = found.beyond(gamma / (1 + gamma), up=longer == up)
            out += mass * ((gamma - 1) / 2 * (np.maximum(away, 0) + np.maximum(-away, 0) / gamma))
        return np.bincount(found.question, out)

    @cached_property
    def _ranked(self) -> Ranked:
        order = np.lexsort((self.phi, self.stratum))
        phi, stratum, question = self.phi[order], self.stratum[order], self.question[order]
        other = np.r_[True, (np.diff(stratum) != 0) | (phi[1:] != phi[:-1])]
        first = np.flatnonzero(other | np.r_[True, np.diff(question) != 0])
        start = np.flatnonzero(other)
        end, of = np.append(start[1:], len(phi)), np.cumsum(other)[first] - 1
        mass, longer = self.mass[order], self.longer[order]
        return Ranked(
            phi,
            np.bincount(stratum),
            phi[first],
            stratum[first],
            start[of],
            end[of],
            np.add.reduceat(np.where(longer, mass, 0.0), first),
            np.add.reduceat(np.where(longer, 0.0, mass), first),
            question[first],
        )


@dataclass(frozen=True)
class Ranked:
    """Responses by what their answers do: those alike in stratum, φ and question are one row, since their masses add.

    Attributes
    ----------
    ranked, sizes
        (n,) all φ, stratum by stratum and rising in each, and (strata,) how many of them each has.
    value, stratum, question
        (rows,)
    start, end
        (rows,) where in `ranked` the values equal to a row's begin, and end.
    longer, shorter
        (rows,) mass of the row's longer and of its shorter responses.
    """

    ranked: Float[np.ndarray, " n"]
    sizes: Int[np.ndarray, " strata"]
    value: Float[np.ndarray, " rows"]
    stratum: Int[np.ndarray, " rows"]
    start: Int[np.ndarray, " rows"]
    end: Int[np.ndarray, " rows"]
    longer: Float[np.ndarray, " rows"]
    shorter: Float[np.ndarray, " rows"]
    question: Int[np.ndarray, " rows"]

    def beyond(self, level: float, *, up: bool) -> Float[np.ndarray, " rows"]:
        """How far a row's φ (not `up`: -φ) lies above the quantile, at `level`, of its stratum's other responses.

        That is the m-th smallest of n - 1, m = ⌈level (n - 1)⌉. With one copy of a row's own value left out, the m-th
        of all is still the m-th where the last copy comes after it, and else the next is. One that is alone has its
        own value.
        """
        ends = np.cumsum(self.sizes)
        others = self.sizes - 1
        m = np.clip(np.ceil(level * others).astype(np.int64), 1, np.maximum(others, 1))
        top = len(self.ranked) - 1
        if up:
            at = np.clip(ends - self.sizes + m - 1, 0, top)
            after, like = np.minimum(at + 1, top), self.end - (ends - self.sizes)[self.stratum]
        else:
            at = np.clip(ends - m, 0, top)
            after, like = np.maximum(at - 1, 0), ends[self.stratum] - self.start
        place = np.where(m[self.stratum] < like, at[self.stratum], after[self.stratum])
        away = self.value - self.ranked[place]
        away[others[self.stratum] == 0] = 0.0
        return np.asarray(away if up else -away)


def explained_away(found: Association, middle: float, end: float) -> tuple[float, float]:
    """Γ at which the end nearer to 0 of an interval, and its middle, meet 0.

    middle, end: median of a statement, and the end of its interval on the side of 0. 1: it holds 0 as it is; inf: not
    up to `LARGEST`.

    Of eighty answers three quarters of the longer and one quarter of the shorter are wrong, a difference of one half.
    Odds of 3 to 1 for a wrong answer to be long make that of answers to which length does nothing:

    >>> longer = np.repeat([True, False], 40)
    >>> wrong = np.r_[np.repeat([1.0, 0.0], [30, 10]), np.repeat([1.0, 0.0], [10, 30])]
    >>> one = np.zeros(80, int)
    >>> found = Association(wrong, np.full(80, 1 / 40), longer, one, one)
    >>> [round(g, 2) for g in explained_away(found, 0.5, 0.2)]
    [1.36, 3.0]
    """
    up = middle < 0
    own = found.by_question()
    own = own - own.mean()
    scatter = float((own**2).sum())
    sign = -1.0 if up else 1.0
    half = sign * (middle - end)

    def at_middle(gamma: float) -> float:
        return sign * middle - float(found.bias(gamma, up=up).sum())

    def at_end(gamma: float) -> float:
        bias = found.bias(gamma, up=up)
        away = own - sign * (bias - bias.mean())
        wider = np.sqrt(float((away**2).sum()) / scatter) if scatter > 0 else 1.0
        return sign * middle - float(bias.sum()) - half * wider

    return _root(at_end) if sign * end > 0 else 1.0, _root(at_middle)


def _root(height: Callable[[float], float]) -> float:
    """The least Γ at which a falling function is 0 or less, by halving its logarithm; inf beyond `LARGEST`."""
    if height(1.0) <= 0:
        return 1.0
    low, high = 0.0, float(np.log(LARGEST))
    if height(LARGEST) > 0:
        return float(np.inf)
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if height(float(np.exp(middle))) > 0 else (low, middle)
    return float(np.exp(high))
