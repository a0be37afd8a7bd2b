"""The programs that `benchmarks/everyday.py` runs beside commands: the fixed loop, its tables, the joint model."""

from __future__ import annotations

LOOP = """
import numpy as np
total = 0
for i in range(4_000_000):
    total += i % 7
x = np.random.default_rng(0).normal(size=2_000_000)
for _ in range(4):
    np.sort(x)
    np.exp(x).sum()
"""

MAKE = """
import sys
import numpy as np, pandas as pd
import hotmess as hm
folder = sys.argv[1]
table = hm.example().table
table.to_parquet(f"{folder}/example.parquet")
few = sorted(table["question"].unique())[:24]
table[table["question"].isin(few)].to_parquet(f"{folder}/small.parquet")
models, questions, samples = 10, 5_000, 20
rng = np.random.default_rng(0)
n = models * questions * samples
row = np.arange(n)
q = row // samples % questions
pd.DataFrame({
    "benchmark": "b",
    "model": pd.Categorical.from_codes(row // (samples * questions), [f"model-{m}" for m in range(models)]),
    "question": q, "sample": row % samples,
    "answer": np.where(rng.random(n) < 0.3 + 0.5 * (q % 100) / 100, q % 4, rng.integers(0, 4, n)),
    "target": q % 4, "n_choices": 4, "reasoning_tokens": rng.integers(50, 900, n),
}).to_parquet(f"{folder}/million.parquet")
for models in (20, 300):
    m, q, s = (index.ravel() for index in np.indices((models, 20, 5)))
    size, hard = 2 ** rng.uniform(-1, 7, models), rng.normal(size=20)
    able = 0.5 + 0.3 * (np.log2(size) - 3) + 0.3 * rng.normal(size=models)
    score = 1.2 * rng.normal(size=(models, 20, 4))
    score[..., 0] = able[:, None] - hard + 0.4 * rng.normal(size=(models, 20))
    p = np.exp(score / np.exp2(rng.normal(-0.7, 0.5, (models, 20)))[..., None])
    edges = (p / p.sum(-1, keepdims=True)).cumsum(-1)[:, :, None, :-1]
    log2 = (9 + 0.5 * hard + 0.1 * rng.normal(size=(models, 20)))[..., None] + 0.4 * rng.normal(size=(models, 20, 5))
    pd.DataFrame({
        "benchmark": "b", "model": [f"model-{i:03}" for i in m], "family": [f"f{i % 12}" for i in m],
        "model_size_b": size[m], "question": q, "sample": s, "target": 0, "n_choices": 4,
        "answer": (rng.random((models, 20, 5, 1)) >= edges).sum(-1).ravel(),
        "reasoning_tokens": np.exp2(log2).astype(int).ravel(),
    }).to_parquet(f"{folder}/{models}.parquet")
"""

JOINT = """
import sys
from hotmess.simulate import simulate
from hotmess.temperature.fit import fit_lengths
engine, (questions, models, budgets, samples, draws) = sys.argv[1], map(int, sys.argv[2:])
table = simulate("both", seed=1, questions=questions, models=models, budgets=budgets, samples=samples).table
fit_lengths(table, engine=engine, pool=True, seed=1, draws=draws, warmup=200)
"""
