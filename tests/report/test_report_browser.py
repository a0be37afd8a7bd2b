"""The page in a real browser: silent, alone, and no wider than the screen."""

from __future__ import annotations

import dataclasses
import time
from types import SimpleNamespace

import chromium_pipe
import pandas as pd
import pytest
from report_world import HIT, LINK

from hotmess.report.page import render
from hotmess.report.section import Context, Section, Table
from hotmess.report.texts import texts_page

pytestmark = [
    pytest.mark.external,
    pytest.mark.skipif(chromium_pipe.find() is None, reason="no Chromium is installed"),
]

CONTRAST = """(() => {
  const rgb = c => c.match(/[\\d.]+/g).map(Number);
  const lum = c => rgb(c).slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((s, v, i) => s + v * [0.2126, 0.7152, 0.0722][i], 0);
  const back = e => { for (; e; e = e.parentElement) {
    const c = getComputedStyle(e).backgroundColor; if (rgb(c)[3] !== 0) return c; } return "rgb(255,255,255)"; };
  let worst = 99;
  for (const e of document.querySelectorAll("h1,h2,h3,p,a,dt,dd,td,th,caption,summary,code,span,figcaption")) {
    if (e.classList.contains("skip")) continue;
    const a = lum(getComputedStyle(e).color), b = lum(back(e));
    worst = Math.min(worst, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
  }
  return worst; })()"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_page(hostile, browser, width, dark):
    address = (hostile.folder / "report.html").as_uri()
    browser.open(address, width=width, dark=dark)
    assert browser.requests() == [address]
    assert browser.complaints() == []
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    # What is wider than its place scrolls inside it, and nothing sticks out of the page.
    outside = browser.evaluate(
        "[...document.querySelectorAll('main *:not(svg *)')].filter(e => !e.closest('.scroll') && "
        f"e.getClientRects().length && e.getBoundingClientRect().right > {width} + 1).length"
    )
    assert outside == 0
    assert browser.evaluate(CONTRAST) >= 4.5
    # Every figure is drawn once, in the form for this width.
    browser.evaluate("document.querySelectorAll('section > details').forEach(d => d.open = true)")
    drawn = browser.evaluate(
        "[...document.querySelectorAll('figure')].map(f => [...f.children].filter("
        "s => s.tagName == 'svg' && s.getClientRects().length).map(s => s.getAttribute('class')).join())"
    )
    assert len(drawn) >= 5
    assert set(drawn) == {"narrow" if width < 600 else "wide"}
    family = "'\"><svg onload=alert(1)>"
    assert browser.evaluate("document.title") == f"Bias, variance and incoherence of {family}, 1 to 8\u00a0B parameters"


def test_no_name_becomes_part_of_the_page(hostile, browser):
    """Names in every field: none makes an element, runs, or fetches; and each is there to be read."""
    address = (hostile.folder / "report.html").as_uri()
    browser.open(address, width=1440)
    browser.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    browser.evaluate("document.querySelectorAll('a:not([href])').forEach(a => a.click())")
    assert browser.evaluate("window.hit === undefined") is True
    assert browser.requests() == [address] and browser.complaints() == []
    assert not [e for e in browser.events if e["method"] == "Page.javascriptDialogOpening"]
    made = "script, img, iframe, object, embed, form, input, base, [onload], [onerror], [onclick]"
    assert browser.evaluate(f"document.querySelectorAll('{made}').length") == 0
    addresses = browser.evaluate("[...document.querySelectorAll('[href]')].map(e => e.getAttribute('href'))")
    assert len(addresses) > 10 and all(a.startswith(("#", "data:text/csv", "texts.html#")) for a in addresses)
    text = browser.evaluate("document.documentElement.textContent")
    assert all(part in text for part in ("<script>", "onerror=window.hit=1", "javascript:window.hit=1", "{{7*7}}"))
    assert not set("\u202e\x1b\x00") & set(text)


def test_texts_are_silent_and_alone(hostile, browser):
    address = (hostile.folder / "texts.html").as_uri()
    browser.open(address, width=390)
    assert browser.evaluate("window.hit === undefined") is True
    assert browser.requests() == [address] and browser.complaints() == []
    assert browser.evaluate("document.documentElement.scrollWidth") <= 390


MADE = "script, img, iframe, object, embed, form, input, base, [onload], [onerror], [onclick], [style]"


def silent_and_whole(browser, address, places):
    """Nothing runs or is fetched, and each place holds all that was said there, and no element of its making."""
    browser.open(address, width=1440)
    browser.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert browser.evaluate("window.hit === undefined") is True
    assert browser.requests() == [address] and browser.complaints() == []
    assert browser.evaluate(f"document.querySelectorAll('{MADE}').length") == 0
    addresses = browser.evaluate("[...document.querySelectorAll('[href]')].map(e => e.getAttribute('href'))")
    assert all(a.startswith(("#", "data:text/csv", "report.html#")) for a in addresses)
    for place, said in places:
        held = browser.evaluate(f"[...document.querySelectorAll('{place}')].map(e => e.textContent)")
        assert any(said in text for text in held), place


def test_no_word_of_a_verdict_leaves_its_place_on_the_first_screen(hostile, browser, tmp_path):
    """Claims, reasons, next steps, guards, models, sections, settings and the command, each where it belongs."""
    first = hostile.verdicts[0]
    said = {name: f"{HIT.format(name)}{LINK.format(name)}" for name in (*"abcdefghijklmnopqr",)}
    claim = dataclasses.replace(first.claim, name=said["a"], statement=said["b"], place=said["c"])
    open_one = dataclasses.replace(
        first,
        claim=claim,
        verdict="inconclusive",
        sentence=said["d"],
        reasons=(said["e"], said["f"]),
        remedy=said["g"],
        each=({"name": said["h"], "median": 0.1, "low": 0.0, "high": 0.2},),
        median=0.1,
        low=-0.1,
        high=0.3,
    )
    silent = [
        dataclasses.replace(
            open_one, verdict="not testable", sentence=said["i"], absent=said["j"], findings=(), median=None
        )
        for _ in range(9)
    ]
    cells = pd.DataFrame({"x": [said["k"]]})
    table = Table("some-table", said["l"], cells, {"x": said["m"]})
    section = Section("some", said["n"], text=(said["o"],), missing=(said["p"],), tables=(table,))
    context = Context(hostile.study, [open_one, *silent], "like-these", 0.9, "")
    page, large = render(context, [section], said["q"], [said["r"]])
    assert large == {}
    file = tmp_path / "report.html"
    file.write_text(page, encoding="utf-8")
    places = [
        (".verdicts .more summary", "a"), (".verdicts th[scope=row]", "b"), (".verdicts details > .note", "c"),
        (".verdicts details > p", "d"), (".verdicts details > .note", "f"), ("td.decide", "g"), ("dd", "g"),
        ("table.each th", "h"), (".silent dd", "i"), (".front > .meta", "j"), ("tbody th", "k"), ("caption", "l"),
        ("thead th", "m"), ("nav a", "n"), ("h2", "n"), ("section > .note", "o"), ("section > .missing", "p"),
        (".front > .made", "q"), ("pre code", "q"), (".front > .missing", "r"),
    ]  # fmt: skip
    silent_and_whole(browser, file.as_uri(), [(place, said[name]) for place, name in places])
    assert browser.evaluate("document.querySelectorAll('h1').length") == 1
    assert browser.evaluate("document.querySelectorAll('svg').length") == 1 + page.count('<svg class="strip')


def test_no_text_leaves_its_place_on_the_page_of_texts(browser, tmp_path):
    """Names of all that a response has, its answer and its right one, and what was written and thought."""
    names = ("benchmark", "model", "question", "condition", "budget", "sample", "answer", "target", "text", "signature")
    said = {name: f"{HIT.format(name)}{LINK.format(name)}</pre>" for name in (*names, "reasoning_text")}
    responses = SimpleNamespace(table=pd.DataFrame([said]).drop(columns="signature"))
    file = tmp_path / "texts.html"
    file.write_text(texts_page(responses, pd.DataFrame([said])), encoding="utf-8")
    places = [("h2", "question"), ("h2", "signature"), ("pre", "text"), ("pre", "reasoning_text")]
    places += [("section > .note bdi", name) for name in ("benchmark", "model", "condition", "budget", "target")]
    places += [("article > .note", "sample"), ("article bdi", "answer")]
    silent_and_whole(browser, file.as_uri(), [(place, said[name]) for place, name in places])
    assert browser.evaluate("document.querySelectorAll('pre').length") == 2


def test_policy_is_in_force(hostile, browser):
    """A style that is not the page's own changes nothing, and the browser says why."""
    browser.open((hostile.folder / "report.html").as_uri(), width=1440)
    browser.evaluate("document.body.setAttribute('style', 'color: red')")
    browser.evaluate("{const s = document.createElement('script'); s.text = 'window.ran = 1'; document.body.append(s)}")
    assert browser.evaluate("window.ran === undefined") is True
    assert browser.evaluate("getComputedStyle(document.body).color") != "rgb(255, 0, 0)"
    assert any("Content Security Policy" in c for c in browser.complaints())


def test_data_links_download(hostile, browser, tmp_path):
    behaviour = {"behavior": "allow", "downloadPath": str(tmp_path)}
    browser.call("Browser.setDownloadBehavior", behaviour, session=None)
    browser.open((hostile.folder / "report.html").as_uri(), width=1440)
    browser.evaluate("document.querySelector('a[download]').click()")
    file = tmp_path / "incoherence-by-model.csv"
    for _ in range(600):
        if file.exists():
            break
        time.sleep(0.1)
    assert file.read_text(encoding="utf-8").startswith("model,family,model_size_b,latent,")
    assert browser.complaints() == []


def test_everything_that_moves_takes_the_keyboard(hostile, browser):
    browser.open((hostile.folder / "report.html").as_uri(), width=390)
    unreachable = browser.evaluate(
        "[...document.querySelectorAll('.scroll')]"
        ".filter(e => e.scrollWidth > e.clientWidth && e.tabIndex !== 0).length"
    )
    assert unreachable == 0
    browser.call("Input.dispatchKeyEvent", {"type": "keyDown", "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9})
    assert browser.evaluate("document.activeElement.className") == "skip"
    assert browser.evaluate("document.activeElement.getBoundingClientRect().left") >= 0


def test_figures_have_ink_on_both_pages(hostile, browser):
    """The same drawing, in colours that differ by day and by night."""
    seen = []
    for dark in (False, True):
        browser.open((hostile.folder / "report.html").as_uri(), width=1440, dark=dark)
        seen.append(
            browser.evaluate("[...document.querySelectorAll('svg.wide [class]')].map(e => getComputedStyle(e).fill)")
        )
    assert len(seen[0]) == len(seen[1]) > 100
    assert sum(a != b for a, b in zip(*seen, strict=True)) > 100


@pytest.mark.skipif(chromium_pipe.find_axe() is None, reason="axe-core is not there")
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)], ids=["wide, light", "narrow, dark"])
def test_axe_finds_nothing_serious(hostile, browser, width, dark):
    browser.open((hostile.folder / "report.html").as_uri(), width=width, dark=dark)
    browser.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    browser.evaluate(chromium_pipe.find_axe().read_text(encoding="utf-8") + "; 0")
    found = browser.evaluate(
        "axe.run(document, {resultTypes: ['violations']}).then(r => r.violations"
        ".map(v => [v.impact, v.id, v.help, v.nodes.length, v.nodes[0].html.slice(0, 200)]))"
    )
    assert [v for v in found if v[0] in ("serious", "critical", "moderate")] == []


def test_axe_would_find_something(browser, tmp_path):
    axe = chromium_pipe.find_axe()
    if axe is None:
        pytest.skip("axe-core is not there")
    page = tmp_path / "bad.html"
    page.write_text("<html><body><img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='></body></html>")
    browser.open(page.as_uri(), width=800)
    browser.evaluate(axe.read_text(encoding="utf-8") + "; 0")
    found = browser.evaluate("axe.run(document).then(r => r.violations.map(v => v.id))")
    assert {"image-alt", "html-has-lang"} <= set(found)


def test_the_summary_of_fifteen_claims_is_one_sheet_of_paper(hostile, browser):
    """A4 less its margins is 178 by 265 mm; figures begin on the next sheet."""
    browser.open((hostile.folder / "report.html").as_uri(), width=1440)
    browser.call("Emulation.setEmulatedMedia", {"media": "print"})
    width, height = (round(mm / 25.4 * 96) for mm in (178, 265))
    browser.call(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
    )
    rows = "document.querySelectorAll('.verdicts > tbody')"
    more = "for (let i = b.length; i < 16; i++) b[1].after(b[1].cloneNode(true))"
    browser.evaluate(f"{{const b = {rows}; {more}; b[0].remove()}}")
    assert browser.evaluate(f"{rows}.length") == 15
    assert browser.evaluate("document.querySelector('.front').getBoundingClientRect().bottom + scrollY") <= height
    assert browser.evaluate("getComputedStyle(document.querySelector('.carry')).breakBefore") == "page"
    browser.call("Emulation.setEmulatedMedia", {"media": ""})


def test_on_paper_tables_keep_their_heads_and_what_is_folded_leaves_no_heading(hostile, browser):
    browser.open((hostile.folder / "report.html").as_uri(), width=1440)
    folded = "[...document.querySelectorAll('section > details')].map(d => d.parentElement.checkVisibility()).join()"
    assert browser.evaluate(folded) == "true,true"
    browser.call("Emulation.setEmulatedMedia", {"media": "print"})
    assert browser.evaluate(folded) == "false,false"
    kept = "[...document.querySelectorAll('table')].map(t => getComputedStyle(t).breakInside)"
    first, *others = browser.evaluate(kept)
    assert first == "auto" and len(others) > 5 and set(others) == {"avoid"}  # that of verdicts has a body for each
    browser.evaluate("document.querySelectorAll('section > details').forEach(d => d.open = true)")
    assert browser.evaluate(folded) == "true,true"
    browser.call("Emulation.setEmulatedMedia", {"media": ""})


def test_the_contents_stay_in_view(hostile, browser):
    for width in (390, 1440):
        browser.open((hostile.folder / "report.html").as_uri(), width=width)
        browser.evaluate("scrollTo(0, 3000)")
        place = browser.evaluate("(r => [r.top, r.bottom])(document.querySelector('nav').getBoundingClientRect())")
        assert place[0] == 0 < place[1] <= 844
        assert browser.evaluate("document.querySelector('nav').scrollHeight > 0")


def test_a_verdict_opens_without_a_script(hostile, browser):
    browser.open((hostile.folder / "report.html").as_uri(), width=1440)
    shown = "document.querySelector('.verdicts dl').checkVisibility()"
    closed = browser.evaluate(shown)
    browser.evaluate("document.querySelector('.verdicts .more summary').click()")
    assert not closed and browser.evaluate(shown)
