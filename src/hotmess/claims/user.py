"""Claims written by users: YAML with a quantity, a direction or a region, or a Python function; preregistered by hash.

    - name: a-is-messier-on-hard-questions
      statement: on hard questions A is more incoherent than B
      quantity: incoherence(model='A', difficulty='hard') - incoherence(model='B', difficulty='hard')
      direction: positive            # or negative; or region: [-0.05, 0.05] instead

The hash is the SHA-256 of the claim's canonical definition (expression without spaces and quotes that mean nothing,
sorted keys): whoever publishes it beforehand can show that the claim was not changed afterwards.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.claims.catalogue import CATALOGUE
from hotmess.claims.claim import Claim, Quantity
from hotmess.claims.expression import ABOUT, Expression, nearest, parse
from hotmess.claims.file_of_claims import plain_yaml
from hotmess.claims.later import Later
from hotmess.claims.plain_quantities import exchange_control, plain_estimate
from hotmess.claims.preregister import preregister
from hotmess.claims.quantities import quantity_of
from hotmess.claims.regions import half_width, with_effects, with_regions
from hotmess.claims.scope import base_scope
from hotmess.claims.test import find_claims
from hotmess.errors import BadInput
from hotmess.inference.gate import Gate
from hotmess.words import brief

if TYPE_CHECKING:
    from hotmess.claims.study import Study

KEYS = ("name", "statement", "quantity", "direction", "region", "negligible")
DIRECTIONS = {"positive": 1.0, "negative": -1.0}
MOST_BYTES, MOST_CLAIMS, LONGEST = 200_000, 100, 2_000


def load_claims(path: str | Path) -> list[Claim]:
    """Claims of a YAML file: one mapping, a list of them, or a mapping with the key `claims`.

    Raises
    ------
    BadInput
        If the file cannot be read, or a claim in it is not one: which, and what is wrong.
    """
    import yaml

    path = Path(path)
    try:
        if path.exists() and not path.is_file():
            raise BadInput(f"The file of claims {path} cannot be read: it is no regular file.")
        if path.stat().st_size > MOST_BYTES:
            raise BadInput(f"{path} is larger than {MOST_BYTES // 1000} kB, which no file of claims is.")
        text = path.read_text(encoding="utf-8")
        plain_yaml(text, path)
        content = yaml.safe_load(text)
    except OSError as error:
        raise BadInput(f"The file of claims {path} cannot be read: {error.strerror or error}.") from error
    except BadInput:
        raise
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:  # a date or number that cannot be
        place = re.search(r"line \d+, column \d+", str(getattr(error, "problem_mark", "")))
        problem = (str(getattr(error, "problem", None) or error).strip().splitlines() or ["it cannot be parsed"])[0]
        raise BadInput(f"{path} is not YAML: {problem}{f' ({place[0]})' if place else ''}.") from error
    content = content.get("claims", content) if isinstance(content, Mapping) else content
    rows = content if isinstance(content, list) else [content]
    if not rows or not all(isinstance(r, Mapping) for r in rows):
        raise BadInput(f"{path} holds no claims: write name, statement, quantity and direction (or region) of each.")
    if len(rows) > MOST_CLAIMS:
        raise BadInput(f"{path} holds {len(rows)} claims; the most is {MOST_CLAIMS}.")
    claims = [claim_from(row, where=f"{path}, claim {i}") for i, row in enumerate(rows, 1)]
    names = [c.name for c in claims]
    for name in names:
        if names.count(name) > 1:
            raise BadInput(f"{path} has two claims called {name}.")
    return claims


def chosen_claims(
    names: Sequence[str] | None,
    paths: Sequence[str | Path] | None,
    negligible: Sequence[str] = (),
    effects: Sequence[str] = (),
) -> list[Claim]:
    """Claims by name and those of YAML files (all of the catalogue for neither), with what is stated of them."""
    own = [claim for path in paths or () for claim in load_claims(path)]
    found = [] if own and names is None else find_claims(names)
    both = [c.name for c in [*found, *own]]
    if twice := [name for name in both if both.count(name) > 1]:
        raise BadInput(f"The claim {twice[0]} is asked for twice.")
    return with_effects(with_regions([*found, *own], negligible), effects)


def claim_from(definition: Mapping[str, Any], *, where: str = "The claim") -> Claim:
    """A claim from its definition: keys name, quantity, direction or region, and, if wanted, statement and negligible.

    >>> c = claim_from({"name": "a-above-b", "quantity": "error(model='A') - error(model='B')"})
    >>> c.name, c.region, len(c.preregistration)
    ('a-above-b', None, 64)
    >>> c.preregistration == claim_from({"quantity": "error(model=\\"A\\")-error(model='B')", "name": "a-above-b",
    ...                                  "direction": "positive"}).preregistration
    True
    """
    for key in definition:
        if key not in KEYS:
            raise BadInput(f"{where} has a key {brief(key)}; {nearest(str(key)[:80], KEYS, 'keys')}")
    if "quantity" not in definition:
        raise BadInput(f"{where} has no quantity; there are {', '.join(ABOUT)}.")
    try:
        expression = parse(definition["quantity"])
    except BadInput as error:
        raise BadInput(f"{where}: {error}") from error
    name, sign, region = _common(definition, where)
    statement = definition.get("statement") or _statement(expression.text, sign, region)
    if not isinstance(statement, str) or len(statement) > LONGEST:
        raise BadInput(f"{where} has a statement that is not a text of at most {LONGEST:,} characters.")
    statement = statement.strip().rstrip(".")
    canonical: dict[str, Any] = {"name": name, "statement": statement, "quantity": expression.text}
    canonical |= {"region": list(region)} if region else {"direction": "positive" if sign > 0 else "negative"}
    delta = None
    if "negligible" in definition:
        delta = half_width(definition["negligible"], f"{where}: negligible")
        canonical["negligible"] = delta
        if region is not None:
            raise BadInput(f"{where} has both a region and negligible; a claim of equality has its region.")
    contrast = region is None and _is_contrast(expression)
    answers, settled = expression.source == "answers", expression.source in ("answers", "halves")
    return Claim(
        name=name,
        place="",
        statement=statement,
        estimand=f"the quantity {expression.text if sign > 0 else f'-({expression.text})'}",
        quantity=lambda study, population: quantity_of(study, expression, population, sign),
        needs=f"what the {expression.source} need",
        region=region,
        estimate=(lambda study: plain_estimate(study, expression, sign)) if answers else None,
        control=(lambda study, seed: exchange_control(study, expression, sign, seed)) if answers and contrast else None,
        widened=settled,
        by_questions=settled,
        by_unit=expression.source in ("answers", "halves", "power laws", "length law"),
        association=expression.source in ("length law", "halves"),
        across=_compared(expression),
        negligible=delta,
        preregistration=preregister(canonical),
    )


def claim_from_function(
    function: Callable[[Study, str], Quantity | np.ndarray],
    *,
    name: str,
    statement: str,
    direction: str = "positive",
    region: Sequence[float] | None = None,
) -> Claim:
    """A claim whose quantity is a Python function of (study, population).

    Parameters
    ----------
    function
        Returns draws (chain, draw) of the quantity, or a `Quantity`. With bare draws the gate takes in every fit that
        the study has made by then. The hash covers the function's source.

    Raises
    ------
    BadInput
        For a name, direction or region that is none.
    """
    given: dict[str, Any] = {"name": name} | ({"direction": direction} if region is None else {"region": list(region)})
    name, sign, bounds = _common(given, f"The claim {name!r}")
    try:
        source = textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        raise BadInput(
            f"The source of the function of claim {name} cannot be read, so the claim cannot be preregistered; define "
            "it in a file."
        ) from None

    def quantity(study: Study, population: str) -> Quantity:
        found = function(study, population)
        if not isinstance(found, Quantity):
            draws = np.asarray(found, float)
            if draws.ndim != 2:
                raise BadInput(
                    f"The function of claim {name} returned an array of shape {draws.shape}; draws are (chain, draw)."
                )
            found = Quantity(draws, made_gate(study), base_scope(study.cells.table))
        return found if sign > 0 else _turned(found)

    canonical: dict[str, Any] = {"name": name, "statement": statement, "function": source}
    canonical |= {"region": list(bounds)} if bounds else {"direction": direction}
    return Claim(
        name=name,
        place="",
        statement=statement.strip().rstrip("."),
        estimand=f"what the function {getattr(function, '__name__', 'given')} returns",
        quantity=quantity,
        needs="what the function needs",
        region=bounds,
        preregistration=preregister(canonical),
    )


def _turned(found: Quantity) -> Quantity:
    """The quantity with the other sign, and all that goes with it."""
    each = {name: -draws for name, draws in found.each.items()}
    parts = Later(lambda: {name: -draws for name, draws in found.parts.items()})
    e = found.effective
    effective = None if e is None else replace(e, z=-e.z, apart=-e.apart)
    return replace(found, draws=-found.draws, each=each, parts=parts, effective=effective)


def made_gate(study: Study) -> Gate:
    """The gate of every fit that a study has made so far."""
    gate = Gate()
    for made in list(study.made.values()):
        one = getattr(made, "gate", None)
        if isinstance(one, Gate):
            gate &= one
    return gate


def _common(definition: Mapping[str, Any], where: str) -> tuple[str, float, tuple[float, float] | None]:
    name = definition.get("name")
    if not isinstance(name, str) or not re.fullmatch(r"[a-zA-Z][\w.-]{0,79}", name):
        raise BadInput(f"{where} needs a name of letters, digits and dashes, such as a-is-messier-than-b.")
    if name.replace("_", "-") in CATALOGUE:
        raise BadInput(f"{where} is called {name}, as a claim of the catalogue is; give it another name.")
    direction, region = definition.get("direction"), definition.get("region")
    if direction is not None and region is not None:
        raise BadInput(f"{where} has both a direction and a region; a claim has one of them.")
    if region is not None:
        known = isinstance(region, (list, tuple)) and len(region) == 2
        numbers = known and not any(isinstance(x, bool) or not isinstance(x, (int, float)) for x in region)
        if not numbers or not all(abs(x) <= 1e300 for x in region):
            raise BadInput(f"{where} has the region {brief(region)}; a region is two numbers, as [-0.05, 0.05].")
        low, high = float(region[0]), float(region[1])
        if not low < high:
            raise BadInput(f"{where} has the region {brief(region)}, whose lower end is not below its upper end.")
        return name, 1.0, (low, high)
    if direction is not None and (not isinstance(direction, str) or direction not in DIRECTIONS):
        raise BadInput(
            f"{where} has the direction {brief(direction)}; {nearest(brief(direction), DIRECTIONS, 'directions')}"
        )
    return name, DIRECTIONS[direction or "positive"], None


def _statement(text: str, sign: float, region: tuple[float, float] | None) -> str:
    if region is not None:
        return f"{text} lies between {region[0]:g} and {region[1]:g}"
    return f"{text} is {'above' if sign > 0 else 'below'} 0"


def _compared(expression: Expression) -> tuple[str, ...]:
    """What an expression compares: by its fit, and by the filters in which its quantities differ.

    >>> _compared(parse("error(model='A') - error(model='B')")), _compared(parse("length_slope(model='A')"))
    (('model',), ('question',))
    """
    fit = {"power laws": ("model",), "length law": ("question",), "halves": ("response",)}.get(expression.source, ())
    filters = [dict(term.filters) for term in expression.terms]
    names = dict.fromkeys(name for one in filters for name in one)
    differ = [name for name in names if len({one.get(name) for one in filters}) > 1]
    own = ("model", "budget", "condition")
    return tuple(dict.fromkeys((*fit, *(name if name in own else "question" for name in differ))))


def _is_contrast(expression: Expression) -> bool:
    """Whether the expression is 0 wherever all its sets are alike: only then should permuted labels show nothing."""
    for seed in range(3):
        each = dict(zip(sorted({t.name for t in expression.terms}), np.random.default_rng(seed).random(9).tolist()))
        value = float(expression.value({t: each[t.name] for t in expression.terms}))
        if not abs(value) < 1e-9:
            return False
    return len({t.filters for t in expression.terms}) > 1
