"""A small language of posterior quantities, for claims written by users: parsed, never evaluated as Python.

    incoherence(model='A', difficulty='hard') - incoherence(model='B', difficulty='hard')
    size_slope(difficulty='hard')

Numbers, + - * / **, parentheses, the functions log, exp, sqrt, abs, logit, min and max, and quantities with filters
given by name. Quantities come from one fit each (`SOURCES`); an expression speaks of one fit only, so that its draws
are joint.
"""

from __future__ import annotations

import ast
import operator
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np

from hotmess.errors import BadInput
from hotmess.words import clean

SOURCES: dict[str, str] = {
    **dict.fromkeys(("incoherence", "error", "bias2", "variance", "accuracy"), "answers"),
    **dict.fromkeys(("alpha_bias2", "alpha_variance", "size_slope"), "power laws"),
    "length_slope": "length law",
    "longer_minus_shorter": "halves",
}
"""Quantity -> the fit that it comes from."""
ABOUT = {
    "incoherence": "Σ variance / Σ error over the questions of a set",
    "error": "mean error",
    "bias2": "mean bias²",
    "variance": "mean variance",
    "accuracy": "mean accuracy (letters, Brier: 1 - error/2)",
    "alpha_bias2": "exponent of bias² in model size",
    "alpha_variance": "exponent of variance in model size",
    "size_slope": "slope of logit incoherence on log model size",
    "length_slope": "slope of logit incoherence on log length between questions",
    "longer_minus_shorter": "incoherence of the longer minus the shorter half of a question's responses",
}
LONGEST, DEEPEST = 2000, 40

_BINARY: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_UNARY: dict[type, Callable[[Any], Any]] = {ast.UAdd: operator.pos, ast.USub: operator.neg}


def _logit(x: Any) -> Any:
    return np.log(x) - np.log1p(-np.asarray(x))


FUNCTIONS: dict[str, tuple[Callable[..., Any], int]] = {
    "log": (np.log, 1),
    "exp": (np.exp, 1),
    "sqrt": (np.sqrt, 1),
    "abs": (np.abs, 1),
    "logit": (_logit, 1),
    "min": (np.minimum, 2),
    "max": (np.maximum, 2),
}


@dataclass(frozen=True)
class Term:
    """A quantity with its filters, as `incoherence(model='A')`."""

    name: str
    filters: tuple[tuple[str, str], ...]

    @property
    def source(self) -> str:
        return SOURCES[self.name]

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{k}={v!r}' for k, v in self.filters)})"


@dataclass(frozen=True)
class Expression:
    """A parsed expression. `text` is canonical: the same whatever the spaces, quotes and order of filters."""

    tree: ast.expr
    terms: tuple[Term, ...]
    text: str

    @property
    def source(self) -> str:
        """The fit that its quantities come from."""
        return self.terms[0].source

    def value(self, values: Mapping[Term, Any]) -> np.ndarray:
        """The expression with an array in the place of each quantity."""
        with np.errstate(all="ignore"):
            return np.asarray(_evaluate(self.tree, values), float)


def parse(text: str) -> Expression:
    """Parse an expression.

    Raises
    ------
    BadInput
        Where it is none of this language: what is wrong, and the nearest name.

    Examples
    --------
    >>> e = parse("error( model = 'A' ) - 2*error(model='B')")
    >>> e.text, [str(t) for t in e.terms], e.source
    ("error(model='A') - 2 * error(model='B')", ["error(model='A')", "error(model='B')"], 'answers')
    >>> float(e.value({e.terms[0]: 0.5, e.terms[1]: 0.2}).round(3))
    0.1
    """
    if not isinstance(text, str) or not text.strip():
        raise BadInput("A quantity is an expression such as incoherence(model='A') - incoherence(model='B').")
    if len(text) > LONGEST:
        raise BadInput(f"The quantity has {len(text):,} characters; the longest has {LONGEST:,}.")
    shown = repr(clean(text.strip(), 200))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what the parser thinks of odd escapes is of no interest here
            tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        where = getattr(error, "offset", None)
        raise BadInput(f"The quantity {shown} cannot be read{f' at character {where}' if where else ''}.") from error
    terms: list[Term] = []
    tree = _check(tree, terms, 0)
    if not terms:
        raise BadInput(f"The quantity {shown} names no posterior quantity; there are {', '.join(SOURCES)}.")
    sources = sorted({t.source for t in terms})
    if len(sources) > 1:
        raise BadInput(
            f"The quantity {shown} mixes {' and '.join(sources)}, which are separate fits: their draws are "
            "not joint. Make a claim of each."
        )
    return Expression(tree, tuple(dict.fromkeys(terms)), ast.unparse(tree))


def nearest(name: str, names: Iterable[str], what: str) -> str:
    """An end of a sentence that helps: the nearest name, or all.

    >>> nearest("incoherense", ["incoherence", "error"], "quantities")
    'did you mean incoherence?'
    """
    names = [str(n) for n in names]
    near = get_close_matches(str(name), names, 1)
    if near:
        return f"did you mean {near[0]}?"
    return f"there are the {what} {', '.join(names[:20])}{' and others' if len(names) > 20 else ''}."


def _check(node: ast.expr, terms: list[Term], depth: int) -> ast.expr:
    """The node again, with only what the language knows; filters sorted and as text."""
    if depth > DEEPEST:
        raise BadInput("The quantity is nested too deeply.")
    if isinstance(node, ast.Constant):
        if isinstance(node.value, bool) or not isinstance(node.value, (int, float)) or abs(node.value) > 1e300:
            raise BadInput(f"A quantity holds numbers and named quantities, not {node.value!r}.")
        return ast.Constant(float(node.value) if isinstance(node.value, float) else node.value)
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        if isinstance(node.op, ast.Pow) and not _small(node.right):
            raise BadInput("A power in a quantity is a number from -8 to 8.")
        return ast.BinOp(_check(node.left, terms, depth + 1), node.op, _check(node.right, terms, depth + 1))
    if isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
        return ast.UnaryOp(node.op, _check(node.operand, terms, depth + 1))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _call(node, node.func.id, terms, depth)
    if isinstance(node, ast.Name):
        if node.id in SOURCES:
            raise BadInput(f"Write {node.id}(), with filters such as model='A' between the parentheses.")
        raise BadInput(f"There is no quantity {node.id!r}; {nearest(node.id, SOURCES, 'quantities')}")
    raise BadInput(
        f"{ast.unparse(node)!r} is not part of a quantity: only numbers, + - * / **, parentheses, "
        f"{', '.join(FUNCTIONS)} and named quantities are."
    )


def _small(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node = node.operand
    return isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and abs(node.value) <= 8


def _call(node: ast.Call, name: str, terms: list[Term], depth: int) -> ast.expr:
    if name in FUNCTIONS:
        _, number = FUNCTIONS[name]
        if node.keywords or len(node.args) != number:
            raise BadInput(f"{name} takes {number} argument{'s' if number > 1 else ''}.")
        return ast.Call(ast.Name(name), [_check(a, terms, depth + 1) for a in node.args], [])
    if name not in SOURCES:
        raise BadInput(f"There is no quantity {name!r}; {nearest(name, [*SOURCES, *FUNCTIONS], 'quantities')}")
    if node.args:
        raise BadInput(f"Filters of {name} are given by name, as {name}(model='A').")
    filters = []
    for keyword in node.keywords:
        value = keyword.value
        if keyword.arg is None or not isinstance(value, ast.Constant) or not isinstance(value.value, (str, int, float)):
            raise BadInput(f"A filter of {name} is a name and a text or number, as {name}(model='A').")
        filters.append((keyword.arg, str(value.value)))
    if len({k for k, _ in filters}) < len(filters):
        raise BadInput(f"A filter of {name} is given twice.")
    term = Term(name, tuple(sorted(filters)))
    terms.append(term)
    return ast.Call(ast.Name(name), [], [ast.keyword(k, ast.Constant(v)) for k, v in term.filters])


def _evaluate(node: ast.expr, values: Mapping[Term, Any]) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.BinOp):
        return _BINARY[type(node.op)](
            np.asarray(_evaluate(node.left, values), float), np.asarray(_evaluate(node.right, values), float)
        )
    if isinstance(node, ast.UnaryOp):
        return _UNARY[type(node.op)](_evaluate(node.operand, values))
    assert isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    if node.func.id in FUNCTIONS:
        return FUNCTIONS[node.func.id][0](*(_evaluate(a, values) for a in node.args))
    filters = tuple((str(k.arg), str(k.value.value)) for k in node.keywords if isinstance(k.value, ast.Constant))
    return values[Term(node.func.id, filters)]
