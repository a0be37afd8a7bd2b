"""Group parameters in a posterior's tree: as arrays by group, and without some groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hotmess.answers.prior import IN_WORDS, PARAMETERS, UNPARSABLE, UNPARSABLE_SPREAD, AnswerPrior
from hotmess.inference.gate import Called

if TYPE_CHECKING:
    import xarray as xr

    from hotmess.answers.groups import Groups


GROUP = "answer_group"
"""The dimension of groups of cells; plain `group` is ArviZ's own word where prior and posterior stand side by side."""

_KINDS = (
    "the lead of the main option",
    "the scatter of the main option's lead",
    "the concentration of the other options",
)


def called(groups: Groups) -> Called:
    """What the variables of a posterior of answers are called in words; units by the first of their groups."""
    first = groups.table.assign(label=groups.labels).groupby("unit")["label"].first()
    units = {str(unit): label for unit, label in first.items()}
    return {
        **{name: f"{IN_WORDS[name]} in {{{GROUP}}}".format for name in PARAMETERS},
        **{name: f"{IN_WORDS[name]} in {{unparsable_group}}".format for name in UNPARSABLE},
        "coefficients": lambda parameter, term: f"the coefficient of {term} for {IN_WORDS[parameter]}",
        "sigma": lambda parameter: f"the residual spread between groups of {IN_WORDS[parameter]}",
        "level": lambda parameter, unit: f"{IN_WORDS[parameter]} in {units[unit]}",
        "free_level": lambda parameter, unit: f"{IN_WORDS[parameter]} in {units[unit]}, as it is sampled",
        "free_eta": lambda parameter, answer_group: f"{IN_WORDS[parameter]} in {answer_group}, as it is sampled",
    }


def vector_words(name: str, kind: int) -> str:
    """A group's parameter of the model of probability vectors in words; kind: which of three, for location and scale.

    >>> vector_words("scale", 1)
    "the spread over questions of the scatter of the main option's lead"
    """
    if name in IN_WORDS:
        return IN_WORDS[name]
    if name == "tau":
        return "how much smaller the lead is where an answer has a second thought"
    return f"{'the mean' if name == 'location' else 'the spread'} over questions of {_KINDS[kind]}"


def group_parameters(posterior: xr.Dataset, groups: Groups) -> dict[str, np.ndarray]:
    """(draws, groups) arrays of the group parameters; logit_u is -inf where a group has no unparsable response."""
    draws = posterior.sizes["chain"] * posterior.sizes["draw"]
    out = {k: posterior[k].values.reshape(draws, -1) for k in PARAMETERS}
    if "logit_u" in posterior:
        place = [groups.labels.index(label) for label in posterior["unparsable_group"].values]
        for name, fill in zip(UNPARSABLE, (-np.inf, 0.0)):
            out[name] = np.full((draws, len(groups.table)), fill)
            out[name][:, place] = posterior[name].values.reshape(draws, -1)
    return out


def log_priors(draws: dict[str, np.ndarray], prior: AnswerPrior) -> dict[str, np.ndarray]:
    """(chain, draw) log prior of every parameter (chain, draw, groups) of groups that are not pooled."""
    normals = dict(zip(PARAMETERS, zip(prior.location, prior.scale)))
    normals |= {"logit_u": prior.unparsable, "log_psi": (0.0, UNPARSABLE_SPREAD)}
    return {
        k: (-0.5 * ((v - normals[k][0]) / normals[k][1]) ** 2 - np.log(normals[k][1] * np.sqrt(2 * np.pi))).sum(-1)
        for k, v in draws.items()
    }


def without_groups(
    tree: xr.DataTree, before: Groups, after: Groups, gone: np.ndarray, prior: AnswerPrior
) -> xr.DataTree:
    """The draws of the groups that are left, under their new labels: exact, where groups share nothing."""
    import xarray as xr

    left = np.delete(np.arange(len(before.table)), gone)
    renamed = dict(zip((before.labels[g] for g in left), after.labels, strict=True))
    posterior = tree["posterior"].to_dataset()
    posterior = posterior.isel({GROUP: left}).assign_coords({GROUP: after.labels})
    if "unparsable_group" in posterior.dims:
        stay = [label in renamed for label in posterior["unparsable_group"].values]
        posterior = posterior.isel(unparsable_group=stay)
        posterior = posterior.assign_coords(
            unparsable_group=[renamed[label] for label in posterior["unparsable_group"].values]
        )
        if not any(stay):
            posterior = posterior.drop_dims("unparsable_group")
    densities = log_priors({str(k): v.values for k, v in posterior.data_vars.items()}, prior)
    groups = {
        "posterior": posterior,
        "log_prior": xr.Dataset({k: (("chain", "draw"), v) for k, v in densities.items()}),
    }
    if "sample_stats" in tree.children:
        groups["sample_stats"] = tree["sample_stats"].to_dataset()
    return xr.DataTree.from_dict(groups)
