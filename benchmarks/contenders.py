"""The contenders of `peers.py`: the simulated responses, and what each tool says of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

ASKED = ("accuracy", "difference of accuracy", "incoherence", "difference of incoherence")
QUESTIONS, SAMPLES, LEVEL, INTERVAL, MANY = 200, 10, 1.6448536269514722, 0.9, 2_000_000
Said = dict[str, tuple[float, float, float]]  # estimate and the ends of its interval


class Data(NamedTuple):
    """Counts (2, Q, 4) of the models' answers; the first option is correct."""

    counts: np.ndarray


def distributions(rng: np.random.Generator, questions: int) -> np.ndarray:
    """(2, Q, 4) the models' answer distributions."""
    shared = rng.normal(0, 1.4, questions)
    out = []
    for level, phi in ((0.3, 2.0), (0.8, 1.0)):
        a = 1 / (1 + np.exp(-(level + shared + rng.normal(0, 0.7, questions))))
        w = rng.dirichlet(np.full(3, phi / 3), questions)
        out.append(np.concatenate([a[:, None], (1 - a)[:, None] * w], axis=1))
    return np.array(out)


def numbers(p: np.ndarray) -> dict[str, float]:
    """What is asked, of distributions (2, Q, 4): incoherence is 1 - bias² over error, both Brier and means."""
    away = p - np.eye(4)[0]
    bias2, error = (away**2).sum(-1).mean(1), 2 * (1 - p[..., 0]).mean(1)
    accuracy, incoherence = p[..., 0].mean(1), 1 - bias2 / error
    values = accuracy[0], accuracy[1] - accuracy[0], incoherence[0], incoherence[1] - incoherence[0]
    return dict(zip(ASKED, map(float, values)))


def data_set(seed: int) -> Data:
    rng = np.random.default_rng([seed, 7])
    return Data(rng.multinomial(SAMPLES, distributions(rng, QUESTIONS)))


def table(data: Data) -> Any:
    """One response per row."""
    import pandas as pd

    model, question, option = (x.ravel() for x in np.indices(data.counts.shape))
    n = data.counts.ravel()
    rows = pd.DataFrame({"model": model, "question": question, "answer": option}).loc[np.repeat(np.arange(len(n)), n)]
    rows = rows.sort_values(["model", "question"], kind="stable").reset_index(drop=True)
    rows["sample"] = np.tile(np.arange(SAMPLES), 2 * QUESTIONS)
    return rows.assign(benchmark="b", target=0, n_choices=4, model="m" + rows["model"].astype(str))


def normal(estimate: float, error: float) -> tuple[float, float, float]:
    return float(estimate), float(estimate - LEVEL * error), float(estimate + LEVEL * error)


def quantiles(draws: np.ndarray) -> tuple[float, float, float]:
    low, middle, high = np.quantile(draws, [0.05, 0.5, 0.95])
    return float(middle), float(low), float(high)


def of_terms(error: np.ndarray, bias2: np.ndarray) -> Said:
    """What is asked, from draws (n, 2) of the models' mean terms."""
    accuracy, incoherence = 1 - error / 2, 1 - bias2 / error
    values = (accuracy[:, 0], accuracy[:, 1] - accuracy[:, 0], incoherence[:, 0], incoherence[:, 1] - incoherence[:, 0])
    return {name: quantiles(v) for name, v in zip(ASKED, values)}


def hotmess(data: Data, seed: int) -> Said:
    import hotmess as hm

    fit = hm.fit(hm.read(table(data)), seed=seed, pointwise=False)
    one = fit.draws(["model"], population="like-these")
    rows = hm.compare(fit, "m1", "m0").table.set_index("quantity")
    error = rows.loc["error"]
    return {
        ASKED[0]: quantiles(1 - one.error[..., 0].ravel() / 2),
        ASKED[1]: (-error["difference"] / 2, -error["high"] / 2, -error["low"] / 2),
        ASKED[2]: quantiles(one.incoherence[..., 0].ravel()),
        ASKED[3]: tuple(float(rows.loc["incoherence", c]) for c in ("difference", "low", "high")),
    }


def unbiased(data: Data, seed: int) -> Said:
    import hotmess as hm

    rows = hm.decompose(hm.read(table(data)), estimator="unbiased", interval=INTERVAL).frame().set_index("model")
    one = rows.loc["m0"]
    return {
        ASKED[0]: (1 - one["error"] / 2, 1 - one["error_high"] / 2, 1 - one["error_low"] / 2),
        ASKED[2]: (one["incoherence"], one["incoherence_low"], one["incoherence_high"]),
    }


def flat(data: Data) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(cells,) right, (cells, 3) wrong, (cells,) model."""
    counts = data.counts.reshape(-1, 4)
    return counts[:, 0], counts[:, 1:], np.repeat([0, 1], QUESTIONS)


def latent(b: np.ndarray, w: np.ndarray) -> Said:
    """From draws of 1 - accuracy's complement b (n, cells) and of the wrong options' shares w (n, cells, 3)."""
    missed = 1 - b
    bias2 = missed**2 + missed**2 * (w**2).sum(-1)
    shape = (len(b), 2, QUESTIONS)
    return of_terms(2 * missed.reshape(shape).mean(2), bias2.reshape(shape).mean(2))


def numpyro(data: Data, seed: int) -> Said:
    import jax
    import latent_questions
    from numpyro.infer import MCMC, NUTS, init_to_median

    jax.config.update("jax_enable_x64", True)
    kernel = NUTS(latent_questions.centred_model, init_strategy=init_to_median(num_samples=5))
    sampler = MCMC(kernel, num_warmup=300, num_samples=300, progress_bar=False)
    sampler.run(jax.random.PRNGKey(seed), *flat(data), 2)
    found = sampler.get_samples()
    return latent(np.asarray(found["b"]), np.asarray(found["w"]))


def pymc(data: Data, seed: int) -> Said:
    import latent_questions
    import nutpie

    model = latent_questions.pymc_model(*flat(data), 2)
    settings = {"draws": 300, "tune": 300, "chains": 1, "cores": 1, "seed": seed, "progress_bar": False}
    trace = nutpie.sample(nutpie.compile_pymc_model(model), **settings)
    found = trace["posterior"] if not hasattr(trace, "posterior") else trace.posterior
    return latent(*(np.asarray(found[n])[0] for n in ("b", "w")))


def bambi(data: Data, seed: int) -> Said:
    import bambi as bmb
    import pandas as pd

    right, _, model = flat(data)
    rows = pd.DataFrame(
        {
            "right": right,
            "n": SAMPLES,
            "model": np.char.add("m", model.astype(str)),
            "question": np.tile(np.arange(QUESTIONS), 2),
        }
    )
    rows["question"] = rows["question"].astype(str)
    made = bmb.Model("p(right, n) ~ 0 + model + (1|question)", rows, family="beta_binomial")
    settings = {"draws": 300, "tune": 300, "chains": 1, "cores": 1, "random_seed": seed, "progressbar": False}
    trace = made.fit(**settings)
    trace = made.predict(trace, kind="response_params", inplace=False) or trace
    posterior = trace["posterior"] if not hasattr(trace, "posterior") else trace.posterior
    p = np.asarray(posterior["mu"]).reshape(-1, 2, QUESTIONS).mean(2)
    return {ASKED[0]: quantiles(p[:, 0]), ASKED[1]: quantiles(p[:, 1] - p[:, 0])}


def statsmodels(data: Data, seed: int) -> Said:
    import pandas as pd
    from statsmodels.formula.api import mixedlm

    right, _, model = flat(data)
    rows = pd.DataFrame({"accuracy": right / SAMPLES, "model": model, "question": np.tile(np.arange(QUESTIONS), 2)})
    found = mixedlm("accuracy ~ model", rows, groups=rows["question"]).fit()
    return {
        ASKED[0]: normal(found.params["Intercept"], found.bse["Intercept"]),
        ASKED[1]: normal(found.params["model"], found.bse["model"]),
    }


def inspect(data: Data, seed: int) -> Said:
    from inspect_ai.scorer import SampleScore, Score, mean, stderr

    scores = [
        SampleScore(score=Score(value=float(i < right)), sample_id=q, sample_metadata={"question": q})
        for q, right in enumerate(data.counts[0, :, 0])
        for i in range(SAMPLES)
    ]
    return {ASKED[0]: normal(mean()(scores), stderr(cluster="question")(scores))}


def errorbars(data: Data, seed: int) -> Said:
    from errorbars.compare import paired_compare

    accuracy = data.counts[..., 0] / SAMPLES
    found = paired_compare(accuracy[1], accuracy[0], confidence=INTERVAL)
    return {ASKED[1]: (found.mean_diff, found.ci_low, found.ci_high)}


class Tool(NamedTuple):
    """A contender: what it is called, what it makes, whether it takes long, and what it cannot say."""

    name: str
    ask: Callable[[Data, int], Said]
    slow: bool
    cannot: str


TOOLS = {
    tool.ask.__name__: tool
    for tool in (
        Tool("hotmess", hotmess, False, "–"),
        Tool("hotmess, unbiased", unbiased, False, "differences (`hotmess.compare` prints them beside its own)"),
        Tool("NumPyro, latent questions", numpyro, True, "questions like these: its intervals are of these questions"),
        Tool("PyMC and nutpie, latent questions", pymc, True, "the same"),
        Tool("bambi, beta-binomial", bambi, True, "wrong answers, so bias and variance; questions like these"),
        Tool("statsmodels, mixed model", statsmodels, False, "bias and variance; accuracy's own limits at 0 and 1"),
        Tool("Inspect, clustered error", inspect, False, "differences; bias and variance"),
        Tool("errorbars, paired", errorbars, False, "bias and variance"),
    )
}
