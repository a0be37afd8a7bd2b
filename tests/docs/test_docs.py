"""The documentation holds: examples run and print what pages show, pictures can be drawn, links lead somewhere."""

from __future__ import annotations

import importlib
import json
import re
import sys
import types
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
sys.path.insert(0, str(DOCS))

import check_links  # noqa: E402
import examples  # noqa: E402
import figures  # noqa: E402
import pages as pages_made  # noqa: E402
import plates  # noqa: E402

SLOW = {"README.md"}  # a whole report with every claim's laws
PAGES = [pytest.param(p, id=p.name, marks=[pytest.mark.slow] * (p.name in SLOW)) for p in examples.pages()]


@pytest.mark.parametrize("page", PAGES)
def test_examples_of(page):
    assert examples.run_page(page) == []


def test_pages_with_examples_are_found():
    names = {p.name for p in examples.pages()}
    assert {"tutorial.md", "first-lesson.md", "models.md", "logs.md", "compare.md", "README.md"} <= names


def test_what_is_printed_must_be_what_is_shown(tmp_path):
    page = tmp_path / "page.md"
    text = (
        "```text a.csv\nx\n1\n```\n\n```python\nfrom pathlib import Path\n"
        "print(Path('a.csv').read_text(), 'y = 2.00')\n```\n\n```text\n{}\n```\n"
    )
    page.write_text(text.format("x 1 y = 2.01"))
    assert examples.run_page(page) == []
    page.write_text(text.format("x 1 y = 3.00"))
    assert examples.run_page(page) == ["page.md, line 11: 3.00 is shown, 2.00 is printed"]
    page.write_text(text.format("x 1 z = 2.00"))
    assert examples.run_page(page) == ["page.md, line 11: 'z' is shown, 'y' is printed"]
    assert examples.run_page(page, update=True) == []
    assert "y = 2.00" in page.read_text()


def test_examples_that_fail_are_named(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("\n```python\n1 / 0\n```\n")
    assert "page.md, line 2: ZeroDivisionError" in examples.run_page(page)[0]
    page.write_text("```shell\nhotmess read nothing.parquet --out x\n```\n")
    assert "exit code 2" in examples.run_page(page)[0]


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a 1.00 b", "a 1.04 b", True),
        ("[0.10, 0.20]", "[0.11, 0.19]", True),
        ("1,200", "1,190", True),
        ("1,200", "1,000", False),
        ("−0.50", "0.50", False),
        ("a b", "a b c", False),
    ],
)
def test_numbers_agree_within_a_twentieth(shown, printed, same):
    assert (examples.agree(shown, printed) == "") is same


def test_links_of_the_pages():
    assert check_links.markdown() == []


def test_a_broken_link_and_a_foreign_script_are_found(tmp_path):
    (tmp_path / "a.html").write_text(
        '<h1 id="x">x</h1><a href="b.html#y">b</a><a href="#x">x</a><a href="c.html">c</a>'
    )
    (tmp_path / "b.html").write_text(
        '<script src="https://example.org/x.js"></script><a href="https://example.org">e</a>'
    )
    (tmp_path / "s.css").write_text("@import 'https://example.org/font.css'; a {background: url(\"data:x\")}")
    found = check_links.site(tmp_path)
    assert found == [
        "a.html: there is no b.html#y",
        "a.html: c.html is not there",
        "b.html loads https://example.org/x.js",
        "s.css loads from https:",
    ]


def test_what_scrolls_in_the_site_takes_the_keyboard_and_headings_have_a_level(tmp_path):
    import conf

    page = tmp_path / "a.html"
    page.write_text('<p class="caption" role="heading">x</p><pre>y</pre><div class="table-wrapper a"></div>')
    conf.reached(types.SimpleNamespace(outdir=tmp_path), ValueError())
    assert "tabindex" not in page.read_text()
    conf.reached(types.SimpleNamespace(outdir=tmp_path), None)
    once = page.read_text()
    assert once.count('tabindex="0"') == 2 and 'role="heading" aria-level="2">' in once
    conf.reached(types.SimpleNamespace(outdir=tmp_path), None)
    assert page.read_text() == once


def test_every_public_name_and_figure_is_in_the_reference():
    import hotmess as hm
    from hotmess import ensembles, interpret, plot

    page = (DOCS / "api.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"auto\w+:: ([\w.]+)", page))
    things = {n for n in hm.__all__ if isinstance(getattr(hm, n), (type, types.FunctionType))}
    assert things <= listed
    assert {f"hotmess.plot.{n}" for n in plot.__all__} <= listed
    assert {"hotmess.interpret.predictions", "hotmess.ensembles.vote"} <= listed and interpret and ensembles
    for name in listed:  # and nothing that is not there
        place, _, last = name.rpartition(".")
        module = importlib.import_module(place) if place else hm
        assert hasattr(module, last), name


def test_the_command_lines_page_has_every_option():
    from hotmess.cli import COMMANDS

    page = pages_made.commands()
    for name, parser in pages_made.parsers(tuple(COMMANDS)):
        own = page.partition(f"## hotmess {name}\n")[2].partition("\n## ")[0]
        options = {o for a in parser._actions for o in a.option_strings} - {"-h", "--help"}
        assert options and all(f"`{o}" in own for o in options), name


def test_every_claim_has_its_page():
    from hotmess.claims.catalogue import CATALOGUE

    made = pages_made.claims()
    for claim in CATALOGUE.values():
        page = made[f"claim-{claim.name}"]
        assert pages_made.plain(claim.statement) in page and pages_made.plain(claim.needs) in page
        assert f"(claim-{claim.name}.md)" in made["claims"]
        if claim.rates is not None:
            assert f"in {claim.rates.values['supported']:,} of {claim.rates.values['data_sets']:,} simulated" in page
            assert page.count(" of ") > len(claim.rates.values["power"])


@pytest.fixture(scope="module")
def study():
    import hotmess as hm

    return hm.Study(hm.example().where("model_size_b < 16"), draws=60)


@pytest.mark.parametrize("page", [DOCS.parent / "README.md", DOCS / "index.md"], ids=lambda p: p.name)
def test_the_first_page_says_what_the_claim_and_its_rates_say(page):
    """The verdict and the rates that a reader sees first are those of today."""
    import hotmess as hm

    said = " ".join(re.sub(r"(?m)^> ", "", page.read_text(encoding="utf-8")).split())
    study = hm.Study(hm.example(), seed=1, draws=250)
    verdict = hm.test("natural-overthinking", study)
    assert f"**{verdict.verdict.capitalize()}**: {verdict.claim.statement}." in said
    low, high = (f"{x:.3f}" for x in (verdict.low, verdict.high))
    assert f"mean over models: {verdict.median:.3f} (90% interval {low} to {high}; P > 0.999)" in said
    assert verdict.probability > 0.999
    rates = verdict.claim.rates.values
    true, sets = (sum(row[i] for row in rates["power"]) for i in (2, 3))
    false = f"{rates['supported']} of {rates['data_sets']} simulated data sets of {rates['false_worlds']} worlds"
    assert f"*supported* in {false} where it is false" in said
    assert f"said so in {rates['published_supported']};" in said
    assert f"and in {true} of {sets} of {len(rates['power'])} worlds where it is true" in said
    assert "mean rate is" not in said or f"mean rate is {rates['upper_limit']:.1%})" in said


def test_the_sentence_under_the_readmes_figure_says_what_the_report_says():
    page = " ".join((DOCS.parent / "README.md").read_text(encoding="utf-8").split())
    results = json.loads((DOCS.parent / "reports" / "main" / "results.json").read_text(encoding="utf-8"))
    rows = results["tables"]["natural-parts"]["records"]
    row = next(r for r in rows if r["model"] == "Qwen2.5-Coder-0.5B" and r["estimator"] == "latent")
    assert f"incoherence is higher by {row['change']:.2f}, of which {row['accuracy']:.2f} goes with accuracy" in page


def test_gallery_names_functions_that_exist():
    from hotmess import plot

    for picture in figures.GALLERY:
        assert picture.name in plot.__all__
        assert picture.code.startswith(f"plot.{picture.name}(")
        assert len(picture.alt) > 20


@pytest.mark.parametrize("name", ["incoherence_by_model", "bias_variance_plane", "natural_contrast", "predictions"])
def test_a_picture_of_the_gallery(study, name):
    from hotmess.plot import figure_of

    picture = next(p for p in figures.GALLERY if p.name == name)
    figure = figure_of(figures.draw(picture, study))
    figure.canvas.draw()
    words = " ".join(t.get_text() for a in figure.axes for t in [*a.get_yticklabels(), a.title, a._left_title])
    assert "owl-1b" in words and "owl-4b" in words
    assert sum(len(a.lines) + len(a.collections) for a in figure.axes) >= 4


@pytest.mark.parametrize("name", list(plates.DIAGRAMS))
def test_plate_diagrams_have_every_circle_inside(name):
    from matplotlib.patches import Circle, FancyArrowPatch

    axes = plates.DIAGRAMS[name]()
    circles = [p for p in axes.patches if isinstance(p, Circle)]
    arrows = [p for p in axes.patches if isinstance(p, FancyArrowPatch)]
    assert len(circles) >= 5 and len(arrows) >= 4
    assert len({p.get_facecolor() for p in circles}) == 2  # observed and not
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    for circle in circles:
        x, y = circle.center
        assert left < x - 0.33 and x + 0.33 < right
        assert low < y - 0.33 and y + 0.33 < high


def test_the_prior_figure_draws_the_prior():
    from hotmess import plot

    drawn = plot.answer_prior_table(draws=4000)
    axes = plot.answer_prior()
    assert len(axes.flat) == len(drawn.columns) == 3 and axes.flat[2].get_xlabel() == "incoherence"
    assert 0.3 < float(drawn["incoherence"].mean()) < 0.5
