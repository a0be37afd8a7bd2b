"""The page: well-formed, safe whatever the names, accessible, and of the same numbers as `hotmess decompose`."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
from itertools import pairwise

import pytest
from page_reader import Reader
from report_world import FORMULA, SCRIPT

from hotmess.words import minus


@pytest.fixture(scope="module")
def page(hostile):
    return Reader(hostile.page)


@pytest.mark.slow
def test_is_well_formed_and_has_no_foreign_markup(page):
    assert page.wrong == []
    assert not any(key.startswith("on") for _, attributes in page.elements for key in attributes)


def test_needs_nothing_from_elsewhere(hostile, page):
    for _, attributes in page.elements:
        for key in ("src", "href", "data", "action", "xlink:href", "srcset"):
            value = attributes.get(key, "#")
            assert value.startswith(("#", "data:text/csv", "texts.html#question-")), value
    assert "@import" not in hostile.page
    assert not re.search(r"url\((?!#)", hostile.page)


def test_policy_allows_only_the_style_whose_hash_it_names(hostile, page):
    (policy,) = [m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    (style,) = re.findall(r"<style>(.*?)</style>", hostile.page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert not any("style" in attributes for _, attributes in page.elements)


def test_names_are_shown_as_they_are_but_for_invisible_characters(page):
    names = {text for tag, text in page.texts if tag == "bdi"}
    assert SCRIPT in names
    assert FORMULA.replace("\u202e", "") in names
    assert not any("\u202e" in text for _, text in page.texts)


def test_data_links_hold_tables_that_no_spreadsheet_runs(page):
    links = [a for a in page.all("a") if a.get("href", "").startswith("data:")]
    assert len(links) >= 10
    for link in links:
        content = base64.b64decode(link["href"].partition("base64,")[2]).decode()
        rows = list(csv.reader(io.StringIO(content)))
        assert len({len(row) for row in rows}) == 1
        assert len(rows) > 1
        for cell in (cell for row in rows[1:] for cell in row if cell[:1] in tuple("=+-@\t\r")):
            float(cell)  # only numbers may begin so
        assert re.fullmatch(r"[a-z0-9-]+\.csv", link["download"])


def test_figures_say_their_finding_and_draw_names_as_paths(hostile, page):
    figures = [s for s in page.all("svg") if s.get("role") == "img"]
    assert all(len(s["aria-label"]) > 40 for s in figures if s["class"] != "strip")
    assert not page.all("text")
    names = json.loads((hostile.folder / "results.json").read_text())["figures"]
    assert len(names) >= 5
    forms = [s["class"] for s in figures if s["class"] != "strip"]
    assert len(forms) == 2 * len(names) == 2 * forms.count("wide")  # each for wide and for narrow pages


def test_identifiers_are_unique_and_references_resolve(page):
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    wanted = [a["href"][1:] for _, a in page.elements if a.get("href", "").startswith("#")]
    wanted += [m for _, a in page.elements for m in re.findall(r"url\(#(.+?)\)", a.get("clip-path", ""))]
    wanted += [a["aria-labelledby"] for _, a in page.elements if "aria-labelledby" in a]
    assert set(wanted) <= set(ids)


def test_tables_have_captions_and_heads_and_regions_names(page):
    assert len(page.all("caption")) == len(page.all("table")) > 5
    assert all(th.get("scope") in ("col", "row") for th in page.all("th"))
    assert all(div["aria-label"] and div["tabindex"] == "0" for div in page.all("div"))
    assert page.all("html")[0]["lang"] == "en"
    assert len(page.all("main")) == len(page.all("h1")) == 1


def test_headings_do_not_skip_a_level(page):
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))


def test_numbers_are_those_of_decompose(hostile):
    from hotmess.answers import decompose_latent
    from hotmess.decompose.records import decompose

    results = json.loads((hostile.folder / "results.json").read_text())
    study = hostile.study
    common = {"by": ["model"], "metric": "brier", "interval": 0.9, "population": "like-these", "seed": 0}
    expected = {
        "latent": decompose_latent(study.responses, draws=60, warmup=500, chains=4, **common),
        "unbiased": decompose(study.responses, estimator="unbiased", draws=240, **common).records,
    }
    for estimator, records in expected.items():
        table = {r["model"]: r for r in results["tables"][estimator]["records"]}
        assert len(table) == len(records) == 4
        for record in records:
            assert table[record["model"]] == record


def test_page_shows_the_numbers_of_results(hostile, page):
    results = json.loads((hostile.folder / "results.json").read_text())
    shown = {text.strip() for tag, text in page.texts if tag == "td"}
    for record in results["tables"]["latent"]["records"]:
        for name in ("error", "bias2", "variance", "incoherence"):
            assert f"{record[name]:.3f}" in shown


def test_results_hold_verdicts_settings_and_what_is_not_testable(hostile):
    results = json.loads((hostile.folder / "results.json").read_text())
    assert [v["claim"] for v in results["verdicts"]] == [v.claim.name for v in hostile.verdicts]
    assert results["settings"]["draws"] == 60
    assert results["settings"]["seed"] == 0
    assert results["versions"]["python"] and results["versions"]["device"].startswith(("cpu", "gpu", "cuda", "tpu"))
    assert sorted(results["files"]) == sorted(p.name for p in hostile.folder.iterdir())
    assert "NaN" not in (hostile.folder / "results.json").read_text()


def test_posteriors_can_be_read_again(hostile):
    from hotmess.inference.store import load_tree

    for name in ("answers", "length-law", "contrast", "power-laws"):
        tree = load_tree(hostile.folder / f"{name}.nc")
        assert tree["posterior"].sizes["draw"] == 60


def test_sentences_of_verdicts_stand_in_the_page(hostile, page):
    paragraphs = "".join(text for tag, text in page.texts if tag == "p")
    for verdict in hostile.verdicts:
        assert minus(verdict.sentence).replace("\u202e", "") in paragraphs


def test_code_of_each_figure_runs(hostile, page, tmp_path, monkeypatch):
    import hotmess

    monkeypatch.chdir(tmp_path)
    codes = [text for tag, text in page.texts if tag == "code" and text.startswith("import hotmess")]
    assert len(codes) >= 5
    monkeypatch.setattr(hotmess, "Study", lambda responses, **settings: hostile.study)
    for code in codes:
        exec(compile(code, "figure", "exec"), {"responses": hostile.study.responses})
    assert sorted(p.suffix for p in tmp_path.iterdir()) == [".pdf"] * len(codes)


def test_questions_to_read_first_link_to_their_responses(hostile, page):
    links = [a["href"] for a in page.all("a") if a.get("href", "").startswith("texts.html#")]
    texts = (hostile.folder / "texts.html").read_text(encoding="utf-8")
    assert len(links) == len(set(links)) == texts.count("<h2") > 10
    assert all(f'id="{link.partition("#")[2]}"' in texts for link in links)
    assert texts.count("<article") == 8 * len(links) and "<img" not in texts
    assert texts.count("&lt;img src=http://attack.invalid/text") == 8 * len(links)
