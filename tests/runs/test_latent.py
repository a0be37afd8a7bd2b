"""Latent pass^k and the latent share of a source: calibrated, and in agreement with what needs no model."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import hotmess as hm
from hotmess.cli import main
from hotmess.errors import BadInput, NotTestable
from hotmess.runs.latent import latent_power, latent_share


def scored(rng, p, n):
    right = rng.random((len(p), n)) < p[:, None]
    question, sample = (x.ravel() for x in np.indices(right.shape))
    frame = pd.DataFrame({"model": "m", "question": question, "sample": sample, "score": right.ravel().astype(float)})
    return hm.read(frame, allow_copies=True)


@pytest.mark.slow
def test_pass_power_k_is_calibrated_up_to_the_responses_drawn():
    """Beta worlds: E[p^5] over questions like these lies in the 90% intervals of 60 data sets as often as it should."""
    rng, held = np.random.default_rng(0), []
    for seed in range(60):
        a, kappa = 1 / (1 + np.exp(-rng.normal())), np.exp(0.5 + 0.7 * rng.normal())
        up, down, k = kappa * a, kappa * (1 - a), 5
        truth = np.prod([(up + j) / (up + down + j) for j in range(k)])
        row = latent_power(scored(rng, rng.beta(up, down, 80), 6), [k], seed=seed, draws=100).query(
            "quantity == 'pass^k'"
        )
        held.append(row["low"].item() <= truth <= row["high"].item())
    assert abs(np.mean(held) - 0.9) < 3.5 * np.sqrt(0.09 / 60)


def test_many_responses_leave_no_room_for_the_model():
    rng = np.random.default_rng(1)
    responses = scored(rng, rng.beta(2, 1, 60), 200)
    latent = latent_power(responses, [1, 3]).set_index(["quantity", "k"])["value"]
    plain = hm.reliability(responses, k=[1, 3]).table.dropna(subset="k").set_index(["quantity", "k"])["value"]
    for key, value in latent.items():
        assert value == pytest.approx(plain[key], abs=0.01)


def contexts(rng, questions, share):
    """Letters whose few-shot contexts hold a given share of the variance: the Pólya urn of the model itself."""
    rows = []
    for q in range(questions):
        p = rng.dirichlet([1.0, 0.7, 0.5])
        for c in range(6):
            own = rng.dirichlet(p * (1 / share - 1)) if share else p
            rows += [
                {"model": "m", "question": q, "context": f"{q}.{c}", "sample": f"{c}.{s}", "answer": a}
                for s, a in enumerate(rng.choice(3, 4, p=own))
            ]
    return hm.read(pd.DataFrame(rows).assign(target=0, n_choices=3), allow_copies=True)


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_the_share_of_contexts_is_found_with_and_without_the_model(share):
    responses = contexts(np.random.default_rng(7), 120, share)
    latent = latent_share(responses, "context", interval=0.998).iloc[0]
    plain = hm.sources(responses, ["context"], interval=0.998).table.set_index("part").loc["context"]
    assert plain["share_low"] <= share <= plain["share_high"]
    if share:
        assert latent["low"] <= share <= latent["high"] and latent["log_bayes_factor"] > 5
    else:
        assert latent["high"] < 0.1 and latent["log_bayes_factor"] < 0


def test_what_the_model_cannot_say_is_refused(tmp_path, capsys):
    rng = np.random.default_rng(2)
    responses = scored(rng, rng.random(10), 3)
    with pytest.raises(BadInput, match="bounds only"):
        latent_power(responses, [4])
    with pytest.raises(NotTestable, match="letters"):
        latent_share(responses, "sample")
    shared = contexts(rng, 12, 0.3)
    for name, said in (
        ("contxt", r"did you mean 'context'"),
        ("answer", "how a response turned out"),
        ("model", "sets"),
    ):
        with pytest.raises(BadInput, match=said):
            latent_share(shared, name)
    gap = shared.table.assign(judge=shared.table["context"].mask(shared.table["question"] == "0"))
    with pytest.raises(BadInput, match="have no value in judge"):
        latent_share(replace(shared, table=gap), "judge")
    shared.table.to_parquet(tmp_path / "r.parquet")
    words = ["reliability", str(tmp_path / "r.parquet"), "--allow-copies", "--estimator", "latent", "--json"]
    assert main([*words, "--source", "context"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["source"] == "context"
    assert main([*words, "--k", "2"]) == 0
    assert {r["quantity"] for r in json.loads(capsys.readouterr().out)} == {"pass@k", "pass^k"}
    assert main([*words, "--source", "context,budget"]) == 2
