"""Tables too large for what takes long: said, not done, unless it is asked for by name."""

import pytest

import hotmess.claims.test as testing
from hotmess.claims.catalogue import CATALOGUE
from hotmess.claims.study import Study
from hotmess.claims.test import find_claims
from hotmess.claims.user import chosen_claims
from hotmess.errors import BadInput
from hotmess.examples import example


def test_what_takes_long_is_asked_for_by_name(monkeypatch):
    monkeypatch.setattr("hotmess.claims.study_data.LARGE", 10)
    study = Study(example(), draws=300)
    long = [c for c in CATALOGUE.values() if c.long]
    assert {c.name for c in long} >= {"answers-get-hotter-with-length", "thirty-samples-suffice"}
    assert not any(c.long for c in find_claims([c.name for c in long]))
    verdict = testing.test_claim(study, CATALOGUE["thirty-samples-suffice"])
    assert verdict.verdict == "not testable" and "--claim thirty-samples-suffice" in verdict.sentence
    everything = testing.find_claims(chosen_claims(None, None))  # as at the command line, where no claim is named
    assert {c.name for c in everything if c.long} == {c.name for c in long}
    (asked,) = testing.test_claims(study, ["thirty-samples-suffice"])
    assert "was not run" not in asked.sentence
    for v in testing.test_claims(study, ["natural-overthinking"]):
        if v.verdict in ("supported", "contradicted"):
            assert "Not run" in dict(v.lines())["Sensitivity"]


def test_arguments_the_wrong_way_round_are_told_apart():
    with pytest.raises(BadInput, match=r"A claim is a name or a Claim, not Responses: hm.test\(claim, responses\)"):
        testing.find_claims([example()])
