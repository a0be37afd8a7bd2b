"""Data that cannot speak to a question: a sentence in the page, never a crash."""

from __future__ import annotations

import re
from html import unescape

import pandas as pd
import pytest


def build(data, folder, claims=None, **settings):
    from hotmess.claims.study import Study
    from hotmess.claims.test import test_claims
    from hotmess.report.build import build_report
    from hotmess.responses.validate import validate

    study = Study(validate(data), draws=60, **settings)
    verdicts = [] if claims is None else test_claims(study, claims)
    page = build_report(study, verdicts, out=folder / "out", command="hotmess report").read_text(encoding="utf-8")
    return [unescape(m) for m in re.findall(r'<p class="missing">(.*?)</p>', page)], page


@pytest.mark.slow
def test_without_lengths(table, tmp_path):
    missing, page = build(table(lengths=False, models=4, questions=10), tmp_path, ["natural-overthinking"])
    assert sum("Not testable with these data. There is no length column" in m for m in missing) == 2
    assert any("neither a length column" in m for m in missing)
    assert '<b class="not-testable">1</b> <span class="not-testable">not testable</span>' in page
    assert "cannot be tested on these data" not in page  # what was asked for alone stands in sight


def test_many_claims_that_the_data_cannot_speak_to_are_folded_with_their_reasons(table, tmp_path):
    silent = ["natural-overthinking", "length-saturates", "budget-lowers-incoherence", "length-predicts-more-than-size"]
    claims = [silent[0], "thirty-samples-suffice", *silent[1:]]
    _, page = build(table(lengths=False, models=2, questions=10), tmp_path, claims)
    sight, _, rest = page.partition('<details class="silent"><summary>4 claims cannot be tested on these data')
    folded = rest.partition("</section>")[0]
    patterns = (r"Evidence and guards: ([\w-]+)<", r'<dt id="claim-\d+">([\w-]+)<')
    named = [re.findall(pattern, part) for pattern, part in zip(patterns, (sight, folded), strict=True)]
    assert named == [["thirty-samples-suffice"], silent]
    assert folded.count("nothing can be said about length") == 2


@pytest.mark.slow
def test_one_model_one_question(table, tmp_path):
    missing, page = build(table(models=1, questions=1), tmp_path)
    assert any("Lengths (reasoning_tokens) do not vary between questions" in m for m in missing)
    assert "No claim was tested." in page
    assert "Two responses differ: by resampling" in page and "which are wider" not in page
    assert "8 responses: 1 model × 1 question of b × 8" in page


@pytest.mark.slow
def test_captions_name_no_marks_that_are_not_there(table, tmp_path):
    """Five responses to a question are too few for three disjoint subsets of two."""
    for samples, said in ((5, 0), (6, 1)):
        _, page = build(table(models=1, questions=4, samples=samples, lengths=False), tmp_path / str(samples))
        assert page.count("Hollow marks: spread between disjoint subsets") == said


def test_what_shared_contexts_do_to_intervals_is_said_of_the_model_that_was_fitted(table, tmp_path):
    plain = table(models=1, questions=12, samples=6, lengths=False)
    _, page = build(plain, tmp_path / "plain")
    assert "as one cluster" not in page and "in a few-shot context of its own" not in page
    _, page = build(plain.assign(context=[f"c{s // 2}" for s in plain["sample"]]), tmp_path / "shared")
    assert "its responses count for as many independent ones as they are worth" in page
    assert "takes its responses as independent" not in page
    assert "independent answers, each in a few-shot context of its own" in page


def test_right_responses_are_counted_in_whole_numbers_of_grades_too(table, tmp_path):
    plain = table(models=1, questions=9, samples=6, lengths=False)
    grades = plain.assign(score=(plain["answer"] == plain["target"]).astype(float))
    for share, said in ((1.0, r">[0-6]</td>"), (0.9, r">\d\.\d\d</td>")):
        data = grades.assign(score=share * grades["score"]).drop(columns=["answer", "target", "n_choices"])
        _, page = build(data, tmp_path / str(share))
        rows = page.partition("The questions to read first")[2].partition("</table>")[0]
        assert re.search(said + r"\s*<td[^>]*>6</td>", rows)


def test_everything_right(table, tmp_path):
    missing, page = build(table(models=2, questions=10, right=True), tmp_path)
    assert any("too few errors" in m for m in missing)
    assert "undefined in 2, where a half has no errors" in page


def test_scores_have_latent_and_unbiased_estimates(table, tmp_path):
    data = table(models=2, questions=10).drop(columns=["answer", "target", "n_choices"])
    data["score"] = (data["sample"] % 3) / 2
    missing, page = build(data, tmp_path, metric="score")
    assert not any("not letters" in m for m in missing)
    assert "Latent answer distributions" in page
    assert "Unbiased estimates, without a model" in page


@pytest.mark.parametrize("population", ["like-these", "these"])
def test_a_section_of_ones_own(table, tmp_path, monkeypatch, population):
    """A later part adds itself with one function; one with nothing to say returns None."""
    from hotmess.claims.study import Study
    from hotmess.errors import BadInput
    from hotmess.report import sections
    from hotmess.report.build import build_report
    from hotmess.report.section import Section, Table
    from hotmess.responses.validate import validate

    def listed(rows):
        return Table(
            f"of-{rows}", "Rows.", pd.DataFrame({"row": [f"row {i} of {rows}" for i in range(rows)]}), {"row": "row"}
        )

    def speaks(context):
        return Section("extra", "Extra", text=(f"Of {context.population}.",), tables=(listed(60), listed(61)))

    def cannot(context):
        raise BadInput("There is <nothing> to see.")

    own = [("extra", "Extra", speaks), ("none", "None", lambda context: None), ("bad", "Bad", cannot)]
    monkeypatch.setattr(sections, "SECTIONS", own)
    study = Study(validate(table(models=1, questions=2)), draws=40)
    page = build_report(study, [], out=tmp_path / "out", command="x", population=population).read_text("utf-8")
    assert f"Of {population}." in page
    assert "Not testable with these data. There is &lt;nothing&gt; to see." in page
    assert 'id="none"' not in page
    assert page.count(" of 60<") == 60 and page.count(" of 61<") == 20  # in whole, or the first
    assert "61 rows; the first 20 are shown, all are in the CSV." in page


def test_conditions_stand_in_a_table_of_their_own(table, tmp_path):
    import json

    data = table(models=2, questions=6, lengths=False)
    data["condition"] = (data["sample"] % 2).map({0: "hint", 1: "plain"})
    data.loc[(data["condition"] == "hint") & (data["model"] == "m-2b"), "answer"] = 1  # as the hint says
    build(data, tmp_path)
    records = json.loads((tmp_path / "out" / "results.json").read_text())["tables"]["conditions"]["records"]
    found = {(r["model"], r["condition"]): r for r in records}
    assert len(found) == 4 and found["m-2b", "hint"]["variance"] == 0 < found["m-2b", "plain"]["variance"]
