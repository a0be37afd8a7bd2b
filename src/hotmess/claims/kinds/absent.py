"""What a claim is about that a table may not hold at all: then it is not tested, and that is said in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotmess.claims.kinds.source_share import is_judging, naming
from hotmess.responses.table import CELL

if TYPE_CHECKING:
    from hotmess.claims.study import Study


def sizes(study: Study) -> str:
    """Model sizes, two at least, without which nothing can be said of scale."""
    count = study.responses.table["model_size_b"].nunique()
    return "" if count > 1 else "second model size (model_size_b)" if count else "model sizes (model_size_b)"


def lengths(study: Study) -> str:
    """Lengths of responses."""
    return "lengths of responses (--length COLUMN)" if study.responses.length is None else ""


def sizes_or_lengths(study: Study) -> str:
    """Both model sizes and lengths are needed."""
    return sizes(study) or lengths(study)


def budgets(study: Study) -> str:
    """Two budgets."""
    return "second budget (budget)" if study.responses.table["budget"].nunique() < 2 else ""


def lengths_or_budgets(study: Study) -> str:
    """Both lengths and budgets are needed."""
    return lengths(study) or budgets(study)


def arms(study: Study) -> str:
    """Two arms of an intervention."""
    return "second arm (condition)" if study.responses.table["condition"].nunique() < 2 else ""


def survey(study: Study) -> str:
    """Rankings by raters."""
    return "" if {"attribute", "rater", "entity", "rank"} <= set(study.responses.table.columns) else "survey"


def contexts(study: Study) -> str:
    """Two contexts of a question; judges and responses that are named a source are none."""
    table = study.responses.table
    if table["context"].isna().all() or is_judging(table):
        return "contexts"
    return "" if (table.groupby(list(CELL), observed=True)["context"].nunique() > 1).any() else "contexts"


def judges(study: Study) -> str:
    """Several judges, or responses judged more than once."""
    return "" if naming(study.responses.table) else "repeated judgements"


def points(study: Study) -> str:
    """Points with a target."""
    return "" if study.responses.outcome == "point" else "points with a target"


def embeddings(study: Study) -> str:
    """Embeddings of answers."""
    return "" if study.responses.outcome == "embedding" else "embeddings of answers"
