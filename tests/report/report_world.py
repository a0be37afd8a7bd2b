"""Small made-up data, and names that attack."""

from __future__ import annotations

import numpy as np
import pandas as pd

SCRIPT = '<script>alert("1")</script>$x_2^{3$'
FORMULA = '=cmd|"/c"&\u202e</style>'
HIT = "<img src=http://attack.invalid/{0} onerror=window.hit=1><svg onload=window.hit=1><iframe src=//attack.invalid>"
"""What would run, or be fetched, if a name became part of the page: `window.hit` is then 1."""
LINK = "<a href=javascript:window.hit=1>{0}</a>{{{{7*7}}}}]]>--></svg></script>"
BENCHMARK = "</title><img src=x onerror=alert(1)>"


def made_up(
    *, models: int = 4, questions: int = 24, samples: int = 8, lengths: bool = True, right: bool = False
) -> pd.DataFrame:
    """Letters of four options: larger models are right more often; later questions take longer responses."""
    rng = np.random.default_rng(5)
    size = 2.0 ** np.arange(models)
    m, q, s = (a.ravel() for a in np.meshgrid(np.arange(models), np.arange(questions), np.arange(samples)))
    chance = 1 / (1 + np.exp(-(rng.normal(0, 1.5, questions)[q] + 0.4 * m - 0.5)))
    hit = right | (rng.random(len(m)) < chance)
    table = pd.DataFrame(
        {
            "benchmark": "b",
            "model": [f"m-{size[i]:g}b" for i in m],
            "family": "m",
            "model_size_b": size[m],
            "question": [f"q{i}" for i in q],
            "sample": s,
            "answer": np.where(hit, 0, rng.integers(1, 4, len(m))),
            "target": 0,
            "n_choices": 4,
        }
    )
    if lengths:
        table["reasoning_tokens"] = np.exp(rng.normal(5 + 0.05 * q, 0.4)).astype(int) + 1
    return table
