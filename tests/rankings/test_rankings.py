"""Rankings: the table, the likelihood by enumeration, the estimate without a model, and recovery by the rank model."""

from __future__ import annotations

import json
from itertools import permutations

import numpy as np
import pandas as pd
import pytest

import hotmess as hm
from hotmess.claims.catalogue.intelligence_and_incoherence_correlate import (
    CLAIM as intelligence_and_incoherence_correlate,
)
from hotmess.claims.catalogue.intelligence_and_incoherence_correlate import rankings_of
from hotmess.cli import main
from hotmess.errors import BadInput, NotTestable
from hotmess.inference.posterior import Posterior
from hotmess.inference.spec import Spec
from hotmess.rankings import as_responses, fit_rankings, mean_rank_correlation, rankings, simulate_rankings
from hotmess.rankings.model import log_likelihood


def table(made):
    """A survey as a ranking table."""
    rows = [
        (made.attributes[made.attribute[r]], made.raters[r], made.entities[e], place + 1)
        for r, order in enumerate(made.order)
        for place, e in enumerate(order)
        if e >= 0
    ]
    return pd.DataFrame(rows, columns=["attribute", "rater", "entity", "rank"])


def test_probabilities_of_all_orders_add_up_and_are_those_of_gumbel_noise():
    theta = np.array([0.4, -0.3, 1.0, 0.1])
    orders = np.array(list(permutations(range(4))))
    p = np.exp(log_likelihood(theta[orders]))
    assert p.sum() == pytest.approx(1)
    by_hand = [np.prod([np.exp(theta[o[j]]) / np.exp(theta[list(o[j:])]).sum() for j in range(4)]) for o in orders]
    assert p == pytest.approx(by_hand)
    rng = np.random.default_rng(0)
    drawn = np.argsort(-(theta + rng.gumbel(size=(40_000, 4))), axis=1)
    code = {tuple(o): i for i, o in enumerate(orders.tolist())}
    seen = np.bincount([code[tuple(o)] for o in drawn.tolist()], minlength=24) / len(drawn)
    assert np.abs(seen - p).max() < 4.5 * np.sqrt(p.max() / len(drawn))


def test_entities_that_were_not_ranked_do_not_count():
    part = np.array([[0.7, 0.2, -np.inf, -np.inf]])
    assert log_likelihood(part) == pytest.approx(log_likelihood(part[:, :2]))
    jax = pytest.importorskip("jax")
    gradient = jax.grad(lambda x: log_likelihood(x, jax.numpy).sum())(jax.numpy.asarray(part))
    assert np.isfinite(np.asarray(gradient)).all()


def test_a_ranking_is_read_as_responses_and_back(tmp_path):
    made = simulate_rankings(0.5, entities=9, raters=(2, 3), seed=4)
    frame = table(made)
    frame.rename(columns={"rank": "place"}).to_csv(tmp_path / "survey.csv", index=False)
    responses = hm.read(tmp_path / "survey.csv", columns={"rank": "place"})
    assert responses.outcome == "score" and len(responses) == 45
    assert set(responses.table["condition"]) == {"intelligence", "incoherence"}
    first = responses.table[responses.table["rank"] == 1]
    assert set(first["score"]) == {1.0} and len(first) == 5
    again = rankings(responses.table, attributes=made.attributes)
    names = np.array(again.entities)[again.order]
    wanted = {r: np.array(made.entities)[o].tolist() for r, o in zip(made.raters, made.order)}
    assert {r: n.tolist() for r, n in zip(again.raters, names)} == wanted
    assert as_responses(frame.iloc[:1])["score"].tolist() == [1.0]


def test_bad_rankings_are_refused_with_a_reason():
    frame = table(simulate_rankings(0.5, entities=9, raters=(2, 2), seed=4))
    with pytest.raises(BadInput, match="needs a column 'rank'"):
        rankings(frame.drop(columns="rank"))
    tied = frame.copy()
    tied.loc[1, "rank"] = tied.loc[0, "rank"]
    with pytest.raises(BadInput, match="break the tie"):
        rankings(tied)
    twice = frame.copy()
    twice.loc[1, "entity"] = twice.loc[0, "entity"]
    with pytest.raises(BadInput, match="twice"):
        rankings(twice)
    with pytest.raises(BadInput, match="not a number"):
        as_responses(frame.assign(rank="first"))
    with pytest.raises(NotTestable, match="two raters"):
        rankings(frame[frame["rater"] != "rater 0"])
    with pytest.raises(NotTestable, match="8 are the least"):
        rankings(frame[frame["entity"] < "entity 05"])
    with pytest.raises(NotTestable, match="two attributes"):
        rankings(frame[frame["attribute"] == "intelligence"])
    both = frame.assign(rater=frame["rater"].str.replace("rater 2", "rater 0"))
    assert {"rater 0 (intelligence)", "rater 0 (incoherence)"} <= set(rankings(both).raters)


def test_noise_of_raters_is_corrected_for_and_the_jackknife_tells_the_spread():
    made = [mean_rank_correlation(simulate_rankings(0.65, beta=0.7, seed=s)) for s in range(120)]
    raw, corrected = np.array([m.raw for m in made]), np.array([m.corrected for m in made])
    assert raw.mean() < 0.55 < 0.6 < corrected.mean() < 0.7
    assert np.mean([m.error for m in made]) == pytest.approx(corrected.std(ddof=1), rel=0.25)


def test_the_jackknife_is_that_of_a_loop():
    data = simulate_rankings(0.3, entities=10, raters=(3, 2), seed=5)
    scores = data.scores()

    def corrected(keep):
        both = [scores[data.attribute == a][:, keep] for a in (0, 1)]
        alphas = [len(x) / (len(x) - 1) * (1 - x.var(1, ddof=1).sum() / x.sum(0).var(ddof=1)) for x in both]
        return np.corrcoef(both[0].mean(0), both[1].mean(0))[0, 1] / np.sqrt(np.prod(alphas))

    left = np.array([corrected(np.delete(np.arange(10), i)) for i in range(10)])
    found = mean_rank_correlation(data)
    assert found.corrected == pytest.approx(corrected(np.arange(10)))
    assert found.error == pytest.approx(np.sqrt(0.9 * ((left - left.mean()) ** 2).sum()))


def test_shared_misjudgement_correlates_what_is_not_correlated():
    halo = [mean_rank_correlation(simulate_rankings(0.0, shared=1.0, seed=s)).corrected for s in range(60)]
    assert np.mean(halo) == pytest.approx(0.5, abs=0.06)


@pytest.fixture
def survey(tmp_path, monkeypatch):
    """A survey in a file, coherence ranked in the place of incoherence, and draws in the place of the sampler's."""
    from hotmess.inference.sample import to_tree
    from hotmess.rankings import model

    made = simulate_rankings(-0.85, entities=30, raters=(4, 4), seed=3)
    frame = table(made)
    frame["attribute"] = frame["attribute"].replace("incoherence", "coherence")
    frame["group"] = np.where(frame["entity"] < "entity 15", "models", "people")
    frame.to_csv(tmp_path / "ranks.csv", index=False)

    def drawn(data, *, seed, draws, warmup, chains):
        rng = np.random.default_rng(seed)
        scores = np.stack([data.scores()[data.attribute == a].mean(0) for a in (0, 1)])
        theta = scores + 0.2 * rng.normal(size=(chains, draws, *scores.shape))
        rho = np.tanh(np.arctanh(-0.85) + 0.15 * rng.normal(size=(chains, draws)))
        rest = {"level": 2, "tau": 1, "log_beta": len(data.order)}
        posterior = {name: rng.normal(size=(chains, draws, size)) for name, size in rest.items()}
        these = model.correlation(theta[..., 0, :], theta[..., 1, :])
        dims = {"level": ["attribute"], "log_beta": ["ranking"]}
        tree = to_tree(posterior | {"rho": rho, "rho_these": these, "theta": theta}, dims=dims)
        return model.RankFit(data, tree, Spec("nuts", None, seed, draws, chains, warmup))

    monkeypatch.setattr(model, "fit_rankings", drawn)
    return tmp_path / "ranks.csv"


def test_the_claim_is_tested_from_the_command_line(survey, capsys):
    """Coherence falls with intelligence, so incoherence rises: the sign is turned."""
    code = main(["test", str(survey), "--claim", "intelligence-and-incoherence-correlate", "--json"])
    (record,) = json.loads(capsys.readouterr().out)
    assert code == 0 and record["verdict"] == "supported", record["sentence"]
    assert record["low"] < 0.85 < record["high"]
    assert [e["name"] for e in record["models"]] == ["group models", "group people"]
    assert record["guards"]["negative_control"]["rank"] == 1
    assert record["guards"]["agreement"]["passed"]
    assert "shared misjudgements included" in record["sentence"]
    assert "for entities like these" in record["sentence"] and "questions" not in record["sentence"]


def test_the_report_shows_every_estimate(survey):
    from hotmess.report.section import Context
    from hotmess.report.sections.survey import survey as section

    study = hm.Study(hm.read(survey))
    made = section(Context(study, (), "like-these", 0.9, ""))
    rows = made.tables[0].data.set_index("what")["correlation"]
    quick = mean_rank_correlation(rankings_of(study)[0])
    assert rows["mean ranks, raw"] == pytest.approx(-quick.raw)
    assert rows["rank model, entities like these"] == pytest.approx(0.85, abs=0.02)
    assert {"rank model, among models", "rank model, among people"} <= set(rows.index)
    assert "ranked by 4 raters of intelligence and 4 of coherence" in made.text[0]


def test_other_data_are_no_survey():
    frame = pd.DataFrame({"model": "m", "question": ["a", "a"], "answer": [0, 1], "target": 0, "n_choices": 2})
    from hotmess.responses.validate import validate

    verdict = hm.test(intelligence_and_incoherence_correlate, validate(frame))
    assert verdict.verdict == "not testable" and "no survey" in verdict.sentence
    other = as_responses(
        table(simulate_rankings(0.1, entities=9, raters=(2, 2), seed=1)).replace("incoherence", "size")
    )
    with pytest.raises(NotTestable, match="not intelligence"):
        rankings_of(hm.Study(validate(other)))


@pytest.mark.slow
def test_the_rank_model_recovers_noise_and_correlation(tmp_path):
    data = simulate_rankings(0.0, entities=30, raters=(3, 3), beta=1.5, spread=0.0, seed=9)
    fit = fit_rankings(data, seed=1, draws=300, warmup=300, chains=2)
    assert isinstance(fit, Posterior) and fit.spec.warmup == 300
    draws = fit.dataset(population="these")
    assert np.array_equal(draws["correlation"], fit.correlation("these")) and draws["theta"].dims[2:] == (
        "attribute",
        "entity",
    )
    fit.save(str(tmp_path / "ranks.nc"))
    again = hm.load(tmp_path / "ranks.nc")
    assert again.spec == fit.spec and again.rankings.entities == data.entities
    assert np.array_equal(again.correlation(), fit.correlation())
    low, high = np.quantile(fit.correlation(), [0.005, 0.995])
    assert low < 0 < high and high - low < 1.3
    beta = np.exp(fit.data["posterior"]["log_beta"].values).mean((0, 1))
    assert ((beta > 0.7) & (beta < 3.2)).all()
    theta = fit.data["posterior"]["theta"].values.mean((0, 1))
    quick = data.scores()
    for a in (0, 1):
        assert np.corrcoef(theta[a], quick[data.attribute == a].mean(0))[0, 1] > 0.95


def test_entities_and_raters_are_left_out_by_name():
    data = simulate_rankings(0.3, entities=10, raters=(3, 2), seed=2)
    rest = data.without(entities=[data.entities[4]], raters=[data.raters[0]])
    assert rest.entities == data.entities[:4] + data.entities[5:] and rest.raters == data.raters[1:]
    for r, row in enumerate(data.order[1:]):
        left = [data.entities[e] for e in row if e not in (-1, 4)]
        assert [rest.entities[e] for e in rest.order[r] if e >= 0] == left
    with pytest.raises(BadInput, match="no rater 'me' to leave out"):
        data.without(raters=["me"])
    with pytest.raises(NotTestable, match="Only 7 entities"):
        data.without(entities=data.entities[:3])
