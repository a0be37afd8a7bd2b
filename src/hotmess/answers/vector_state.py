"""What the sampler of probability vectors holds: the divided responses, one sweep's values, bounds and priors."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from hotmess.arrays import Bools, Ints, Numbers

HYPER = ("lead", "spread", "rest")  # of cells: mu, log sigma, log beta
LOCATION, WIDTH, SCALE = (4.0, 0.5, 0.0), (3.0, 1.5, 2.0), (2.0, 1.0, 1.5)
DOUBT = 3.0  # sd of tau, by how much less the mean lead is where a second thought is another option
# Of mu, log sigma, tau, log beta, where responses are all the same. Shares of a log beta beyond 15 scatter by less than
# any rounding unit, and its likelihood cancels to noise.
BOUND = {"lead": 60.0, "spread": 6.0, "tau": 60.0, "rest": 15.0}
NARROW, BROAD = 0.05, 6.0  # the scatter of cells lies between
EDGES = np.linspace(np.log(NARROW), np.log(BROAD), 501)  # log scatter is drawn from densities constant between these
SIGMA = np.exp((EDGES[1:] + EDGES[:-1]) / 2)
AIM, PACE = 0.4, 0.1  # acceptance aimed at; pace of the steps' adaptation


@dataclass
class State:
    """One sweep's values; cells and groups of all chains one after the other."""

    logit_a: Numbers
    log_kappa: Numbers
    log_phi: Numbers
    lead: Numbers
    spread: Numbers
    rest: Numbers
    tau: Numbers
    location: Numbers
    scale: Numbers
    p: Numbers
    split: Numbers
    step: dict[str, Numbers] = field(default_factory=dict)


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

    log_f: Numbers
    log_rest: Numbers
    lead: Numbers
    tied: Bools
    cell: Ints
    on: Numbers
    real: Bools
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
