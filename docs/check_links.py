"""Links, offline, of the repository's pages and of the built site; and that no page loads anything from elsewhere.

python docs/check_links.py docs/_build/html
"""

from __future__ import annotations

import argparse
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"(?<!`)\[[^\]\[]*\]\(<?([^)\s>]+)>?\)")
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.S | re.M)
LOADS = {("script", "src"), ("img", "src"), ("iframe", "src"), ("source", "src"), ("object", "data"), ("use", "href")}


class Page(HTMLParser):
    """Links, identifiers, and what a page loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.names: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = {k: v or "" for k, v in attrs}
        self.names |= {own[k] for k in ("id", "name") if k in own}
        if tag == "a" and "href" in own:
            self.links.append(own["href"])
        if tag == "link" and own.get("rel") not in ("canonical", "license"):
            self.loads.append(own.get("href", ""))
        self.loads += [own[k] for t, k in LOADS if t == tag and k in own]


def markdown(root: Path = ROOT) -> list[str]:
    """Links in the repository's pages whose target is not there."""
    pages = [*root.glob("*.md"), *root.glob("docs/**/*.md"), *root.glob("data/**/*.md"), *root.glob("reports/**/*.md")]
    wrong = []
    for page in sorted(p for p in pages if "_build" not in p.parts):
        for target in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
            parts = urlsplit(target)
            if parts.scheme or not parts.path:
                continue
            there = page.parent / unquote(parts.path)
            if not there.exists() and not {"figures", "made"} & set(there.parts):  # made with the site
                wrong.append(f"{page.relative_to(root)}: {target} is not there")
    return wrong


def site(folder: Path) -> list[str]:
    """Links and anchors of a built site that lead nowhere, and what it would load from elsewhere."""
    pages = {p: Page(p.read_text(encoding="utf-8")) for p in sorted(folder.rglob("*.html"))}
    wrong = [] if pages else [f"{folder} holds no page"]
    for path, page in pages.items():
        name = path.relative_to(folder)
        wrong += [f"{name} loads {u}" for u in page.loads if urlsplit(u).scheme not in ("", "data") or u[:2] == "//"]
        for target in [*page.links, *page.loads]:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc or not (parts.path or parts.fragment):
                continue
            there = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not there.exists():
                wrong.append(f"{name}: {target} is not there")
            elif parts.fragment and there in pages and unquote(parts.fragment) not in pages[there].names | {"top"}:
                wrong.append(f"{name}: there is no {target}")
    for sheet in folder.rglob("*.css"):
        for u in re.findall(r"(?:url\(|@import\s+)[\"']?(https?:|//)", sheet.read_text(encoding="utf-8")):
            wrong.append(f"{sheet.relative_to(folder)} loads from {u}")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("site", nargs="?", type=Path, help="folder of the built site")
    args = parser.parse_args()
    wrong = markdown() + (site(args.site.resolve()) if args.site else [])
    print("\n".join(wrong) or "Every link leads somewhere, and no page loads anything from elsewhere.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
