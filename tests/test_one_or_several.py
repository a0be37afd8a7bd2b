"""One value where several may be given is one of them; settings of another kind are one sentence."""

from dataclasses import replace

import pandas as pd
import pytest

import hotmess as hm
from hotmess.errors import BadInput
from hotmess.runs.latent import latent_power, latent_share


@pytest.fixture(scope="module")
def responses():
    return hm.example().where("question < 'q08' and model in ('owl-1b', 'owl-4b')")


@pytest.fixture(scope="module")
def one(responses):
    return responses.where("model = 'owl-1b'")


@pytest.fixture(scope="module")
def fit(responses):
    return hm.fit(responses, draws=60, pointwise=False)


alike = pd.testing.assert_frame_equal


def test_one_value_is_one_of_several(responses, one):
    few = {"draws": 200}
    alike(
        hm.reliability(responses, "model", k=3, **few).table, hm.reliability(responses, ["model"], k=[3], **few).table
    )
    alike(
        hm.decision_study(one, {"budget": 3}, samples=2, questions=50),
        hm.decision_study(one, {"budget": [3]}, samples=[2], questions=[50]),
    )
    alike(hm.sources(responses, "budget", "model").table, hm.sources(responses, ["budget"], ["model"]).table)
    alike(hm.modes(responses, "budget").table, hm.modes(responses, ["budget"]).table)
    alike(hm.decompose(responses, by="budget").frame(), hm.decompose(responses, by=["budget"]).frame())
    halved = replace(responses, table=responses.table.assign(half=responses.table["sample"] % 2))
    cells = hm.reduce(halved, split="half")
    alike(cells.table, hm.reduce(halved, split=["half"]).table)
    alike(hm.subset_spread(cells, sizes=3, partitions=2), hm.subset_spread(cells, sizes=[3], partitions=2))
    alike(*(hm.read(responses.table, sources=given, allow_copies=True).table for given in ("budget", ["budget"])))


def test_one_column_makes_the_sets_of_a_fit(fit):
    alike(fit.incoherence("budget"), fit.incoherence(["budget"]))
    alike(fit.summary(by="budget"), fit.summary(by=["budget"]))
    assert fit.draws("budget").incoherence.shape == fit.draws(["budget"]).incoherence.shape
    alike(hm.check(fit, "budget", replicates=20).sets, hm.check(fit, ["budget"], replicates=20).sets)
    two = hm.compare(fit, "owl-1b", "owl-4b", by="budget").table  # models are one after the other, and no list
    alike(two, hm.compare(fit, "owl-1b", "owl-4b", by=["budget"]).table)
    alike(hm.interpret.predictions(fit, "model", by="budget"), hm.interpret.predictions(fit, ["model"], by=["budget"]))


@pytest.mark.parametrize("interval", [2, 1, 0, -0.5, float("nan"), "a", None, [0.9]])
def test_an_interval_is_a_probability_wherever_it_is_given(responses, one, fit, interval):
    """One sentence: of commands without a model, of fits, of claims and of comparisons."""
    calls = [
        lambda: hm.reliability(responses, interval=interval),
        lambda: hm.modes(responses, interval=interval),
        lambda: hm.sources(responses, "budget", interval=interval),
        lambda: hm.decision_study(one, {"budget": 2}, interval=interval),
        lambda: latent_power(responses, 2, interval=interval),
        lambda: latent_share(responses, "budget", interval=interval),
        lambda: hm.compare(fit, interval=interval),
        lambda: hm.test("natural-overthinking", responses, interval=interval),
        lambda: hm.interpret.predictions(fit, interval=interval),
    ]
    if interval is not None:  # no interval
        calls += [lambda: hm.decompose(responses, interval=interval), lambda: fit.summary(interval=interval)]
    for call in calls:
        with pytest.raises(
            BadInput, match=r"^The interval is .*; it must be a probability between 0 and 1, as 0\.9\.$"
        ):
            call()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda r, o: hm.reliability(r, k="3"), "k is '3'; it counts responses"),
        (lambda r, o: hm.reliability(r, 3), "no column 3 to group by"),
        (lambda r, o: hm.reliability(r, draws=100.5), r"draws is 100\.5; it must be a whole number"),
        (lambda r, o: hm.decompose(r, interval=0.9, draws="a"), "draws is 'a'; it must be a whole number"),
        (lambda r, o: hm.decision_study(o, ["budget"]), "give numbers of levels by source"),
        (lambda r, o: hm.decision_study(o, {"budget": None}), "give whole numbers from 1"),
        (lambda r, o: hm.decision_study(o, {"budget": "3"}), "in whole numbers"),
        (lambda r, o: hm.decision_study(o, {"budget": 2}, cost=3), "give what one more costs by source"),
        (lambda r, o: hm.decision_study(o, {"budget": 2}, cost={"budget": "a"}), "The cost of budget is 'a'"),
        (lambda r, o: hm.decision_study(o, {"budget": 2}, width="a"), "The half width wanted is 'a'"),
        (
            lambda r, o: hm.AnswerPrior(location=1.0),
            r"location of .* is 1\.0; it must be 3 numbers",
        ),
        (
            lambda r, o: hm.AnswerPrior(unparsable=(1.0, "a")),
            "unparsable of .* it must be 2 numbers",
        ),
        (lambda r, o: hm.read(r.table, scale=10), "The scale is 10; it is the lowest and the highest grade"),
    ],
)
def test_settings_of_another_kind_are_one_sentence(responses, one, call, said):
    with pytest.raises(BadInput, match=said):
        call(responses, one)
