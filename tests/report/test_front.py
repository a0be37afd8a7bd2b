"""The first screen: rows, drawings to scale, counts, what is elsewhere, the digest; and the page of texts."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import replace

import numpy as np
import pytest
from report_world import HIT, LINK, SCRIPT, made_up

from hotmess.claims.catalogue import CATALOGUE
from hotmess.claims.claim import Finding
from hotmess.claims.guards.of_draws import Diagnostics
from hotmess.claims.these_models import TheseModels
from hotmess.claims.verdict import Verdict
from hotmess.errors import BadInput
from hotmess.report import front, texts, verdicts
from hotmess.report.accounts import digest
from hotmess.report.section import Figure, Section
from hotmess.report.strip import EDGE, WIDTH, around_region, around_zero, strip
from hotmess.responses.validate import validate


def verdict(name="natural-overthinking", kind="supported", median=0.03, low=0.01, high=0.05, **more):
    return Verdict(CATALOGUE[name], kind, "It is so.", "like-these", "brier", 0.99, median, low, high, **more)


def drawn(svg):
    """(x of the median, left and right of the interval, left and right of the grey) in pixels."""
    left, right = re.search(r'class="line" d="M([\d.]+) 12H([\d.]+)"', svg).groups()
    dot = float(re.search(r'class="dot" d="M([\d.]+) ', svg)[1]) + 4
    grey = re.search(r'class="none" x="([\d.]+)" y="3" width="([\d.]+)"', svg)
    band = None if grey is None else (float(grey[1]), float(grey[1]) + float(grey[2]))
    return dot, float(left), float(right), band


def test_the_drawing_is_to_scale():
    """Half the width is 0.05 at the interval's far end: 0.01 is a fifth of it right of the middle, and so on."""
    half = WIDTH / 2 - EDGE
    svg = strip(around_zero(0.01, 0.05, 0.02), 0.03, 0.01, 0.05, (-0.02, 0.02), "said")
    dot, left, right, band = drawn(svg)
    expected = [WIDTH / 2 + half * share for share in (0.6, 0.2, 1.0, -0.4, 0.4)]
    np.testing.assert_allclose([dot, left, right, *band], expected, atol=0.011)
    assert f"M{WIDTH / 2:g} 1V" in svg and "zero" in svg


@pytest.mark.parametrize("low, high", [(0.98, 1.02), (0.5, 0.7), (1.2, 3.0), (0.9, 1.1), (1.0, 1.0)])
def test_a_region_of_equality_and_its_interval_are_in_sight_and_in_order(low, high):
    window = around_region(low, high, (0.9, 1.1))
    assert window.start <= low <= high <= window.end and window.start < window.end
    assert window.start <= 0.9 or low > 0.9
    values = sorted([low, high, 0.9, 1.1])
    assert np.all(np.diff([window.x(v) for v in values]) >= 0)
    assert "zero" not in strip(window, low, low, high, (0.9, 1.1), "said")


def test_a_region_whose_other_edge_is_far_does_not_hide_the_interval():
    """Less than a tenth, from 0.073 to 0.125: a fifth of the drawing or more is the interval."""
    window = around_region(0.073, 0.125, (-1.0, 0.1))
    _, left, right, band = drawn(strip(window, 0.096, 0.073, 0.125, (-1.0, 0.1), "said"))
    assert right - left > WIDTH / 5 and band[0] == EDGE and left < band[1] < right


def test_labels_of_drawings_are_escaped():
    assert "<script" not in strip(around_zero(0.0, 0.0, 0.0), 0.0, 0.0, 0.0, (0.0, 0.0), SCRIPT)


def test_rows_say_what_the_verdict_says():
    row = verdicts.view(verdict(smallest_effect=0.0312))
    assert (row["value"], row["between"], row["decide"]) == ("+0.030", "0.010 to 0.050", "could show 0.031 or more")
    assert (
        row["statement"].startswith("Within a question, longer responses")
        and row["holds"] == ""
        and row["these"] is None
    )
    own = verdicts.these(verdict(these_models=TheseModels(8, "negligible", 0.6, 0.004, -0.0312, 0.04)))
    assert own == ("practically none: 0.004", "[−0.031, 0.040]")
    none = verdicts.view(verdict(kind="negligible", median=-0.001, low=-0.01, high=0.008))
    assert (none["verdict"], none["css"], none["value"]) == ("practically none", "negligible", "−0.001")
    near = verdicts.view(verdict(kind="inconclusive", median=-0.002, low=-0.075, high=0.073))
    assert near["value"] == "0.00"  # and not −0.00
    edge = verdicts.view(verdict(kind="inconclusive", median=0.5, low=-0.03, high=1.04))
    assert (edge["value"], edge["between"]) == ("+0.50", "−0.03 to 1.04")  # and not −0.0 to 1.0
    silent = verdicts.view(verdict(kind="not testable", median=None, low=None, high=None, reasons=("there is no x",)))
    assert (silent["drawing"], silent["why"]) == ("", "There is no x.")


def test_counts_and_order_put_decided_claims_first():
    names = list(CATALOGUE)[:4]
    kinds = ["inconclusive", "contradicted", "negligible", "supported"]
    found = [verdict(name, kind) for name, kind in zip(names, kinds, strict=True)]
    assert [row["css"] for row in verdicts.views(found)] == ["supported", "contradicted", "negligible", "inconclusive"]
    assert [(n, said) for n, said, _ in verdicts.counts(found)] == [
        (1, "supported"),
        (1, "contradicted"),
        (1, "practically none"),
        (1, "inconclusive"),
    ]
    assert verdicts.elsewhere(found) == ""


def test_what_the_data_do_not_hold_is_one_sentence():
    names = list(CATALOGUE)[:5]
    away = ["survey", "second budget", "survey", "", "survey"]
    found = [verdict(n, "not testable", None, None, None, absent=a) for n, a in zip(names, away, strict=True)]
    said = "5 claims cannot be tested on these data, which hold no survey or second budget; 1 for other reasons."
    assert verdicts.elsewhere(found) == said
    assert all(row["folded"] for row in verdicts.views(found))


def test_a_claim_whose_diagnostics_failed_is_in_the_sentence_that_counts_those_not_testable():
    names = list(CATALOGUE)[:6]
    found = [verdict(n, "not testable", None, None, None, absent="survey") for n in names]
    gate = Finding(Diagnostics(), {"passed": False, "reasons": ["R-hat is 1.2"]}, ("R-hat is 1.2",))
    found[2] = replace(found[2], absent="", findings=(gate,))
    assert [(n, said) for n, said, _ in verdicts.counts(found)] == [(6, "not testable")]
    head = "Of 6 claims not testable, 5"
    assert verdicts.untestable(found) == head
    rest = "cannot be tested on these data, which hold no survey; the diagnostics of 1 failed."
    assert verdicts.elsewhere(found) == f"{head} {rest}"


def test_figures_that_carry_verdicts_name_claims_of_the_catalogue():
    import ast
    from pathlib import Path

    from hotmess.report import sections

    named = set()
    for path in Path(sections.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "claims":
                named |= set(ast.literal_eval(node.value))
    assert len(named) > 8 and named <= set(CATALOGUE)


def test_the_first_figures_are_incoherence_and_those_of_decided_claims():
    def figure(name, *claims, first=False):
        return Figure(name, "", "", lambda width: None, made_up(), "", claims, first)

    a, b, c, d = CATALOGUE["natural-overthinking"], "incoherence-rises-with-length", "length-saturates", "mine"
    made = [figure("b", b), figure("c", c), figure("d", d), figure("a", a.name), figure("i", first=True)]
    found = [verdict(b, "inconclusive"), verdict(a.name), verdict(c, "not testable")]
    chosen = front.carrying([Section("s", "S", figures=tuple(made))], found)
    assert [f.name for f in chosen] == ["i", "a", "b"]


def test_the_title_names_one_model_one_family_or_a_number():
    one, family = validate(made_up(models=1)), validate(made_up(models=4))
    data = made_up(models=4)
    data["family"] = data["model"]
    assert front.title(one).endswith("incoherence of m-1b")
    assert front.title(family).endswith("incoherence of m, 1 to 8\u00a0B parameters")
    assert front.title(validate(data)).endswith("incoherence of 4 models")


def test_the_digest_is_of_the_values_and_not_of_their_order():
    responses = validate(made_up())
    table = responses.table
    turned = dataclasses.replace(responses, table=table.sample(frac=1, random_state=1))
    changed = table.copy()
    changed.loc[changed.index[3], "answer"] = (int(changed["answer"].iloc[3]) + 1) % 4
    own = digest(responses)
    assert re.fullmatch("[0-9a-f]{64}", own) and digest(turned) == own
    assert digest(dataclasses.replace(responses, table=changed)) != own
    as_floats = table.astype({"answer": float, "model": str})
    assert digest(dataclasses.replace(responses, table=as_floats)) == own


def test_texts_are_whole_and_nothing_in_them_is_markup():
    data = made_up(models=2, questions=3, samples=2)
    data["question"] = SCRIPT + data["question"]
    data["text"] = [HIT.format(i) if i % 2 else LINK.format(i) + "\n\u202eline" for i in range(len(data))]
    responses = validate(data)
    rows = responses.table.drop_duplicates(["model", "question"]).assign(signature="systematic")
    page = texts.texts_page(responses, rows)
    assert page.count("<article") == len(data) and page.count("<h2") == len(rows) == 6
    assert all(f'id="{texts.anchor(i)}"' in page for i in range(1, 7))
    assert not re.search(r"<(script|img|svg|iframe|a href=j)|\u202e", page)
    assert page.count("&lt;img src=http://attack.invalid/") == 6 and "default-src &#39;none&#39;" not in page
    assert "default-src 'none'; style-src 'sha256-" in page


def test_texts_that_are_not_there_are_refused():
    responses = validate(made_up(models=1, questions=2))
    with pytest.raises(BadInput, match="no texts to show"):
        texts.need_texts(responses)
