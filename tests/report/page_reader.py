"""Reads a page strictly: every element closed, no markup but that of the report."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "link", "br", "img", "hr", "input"}
KNOWN = {
    *("html", "head", "meta", "title", "style", "body", "a", "header", "h1", "h2", "h3", "p", "nav", "ul", "li"),
    *("main", "section", "article", "span", "dl", "dt", "dd", "details", "summary", "div", "table", "caption"),
    *("thead", "tbody", "tr", "th", "td", "bdi", "figure", "figcaption", "b", "abbr", "pre", "code", "footer"),
    *("svg", "defs", "g", "path", "use", "clippath", "rect"),
}


class Reader(HTMLParser):
    """Elements with their attributes, texts, and the first thing that is wrong."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[str, str]] = []
        self.wrong: list[str] = []
        self.feed(page)
        self.close()
        self.wrong += [f"{tag} is never closed" for tag in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {k: v or "" for k, v in attrs}))
        if tag not in KNOWN:
            self.wrong.append(f"{tag} is not of the report")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {k: v or "" for k, v in attrs}))
        if tag not in KNOWN:
            self.wrong.append(f"{tag} is not of the report")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"{tag} closes something else")

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts.append((self.open[-1], data))

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]
