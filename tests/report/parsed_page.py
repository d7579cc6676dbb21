"""A report as a browser's parser sees it: elements, attributes, and the text of each section."""

from html.parser import HTMLParser
from pathlib import Path

VOID = {"meta", "link", "img", "br", "hr", "input"}


class ParsedPage(HTMLParser):
    """Elements of a page with their attributes, and all text outside plots by section."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.unbalanced: list[str] = []
        self.sections: dict[str, str] = {}
        self._section = ""
        self.text = ""
        self.feed(text)
        self.close()

    @classmethod
    def read(cls, path: Path) -> "ParsedPage":
        return cls(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "section":
            self._section = str(dict(attrs)["id"])
            self.sections[self._section] = ""

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)
        if tag == "section":
            self._section = ""

    def handle_data(self, data: str) -> None:
        if self.open and (self.open[-1] == "style" or "svg" in self.open):
            return
        words = " ".join(data.replace("\xa0", " ").split())
        self.text += f"{words} " if words else ""
        if self._section and words:
            self.sections[self._section] += f"{words} "

    def attributes(self, tag: str, name: str) -> list[str]:
        """Return the values of an attribute over all elements called `tag`."""
        return [str(attrs[name]) for found, attrs in self.tags if found == tag and name in attrs]
