"""Markdown from data: escaped so that names stay text, in tables and in code blocks too."""

import re
from collections.abc import Sequence

from finetrust.report.names import printable

_ACTIVE = re.compile(r"([\\`*_\[\]|~$])")
_ACTIVE_AT_START = re.compile(r"^(\s*)([#>=+-]|\d+(?=[.)]\s))")


def escaped(text: object) -> str:
    """Return text in which nothing is Markdown or HTML, on one line."""
    plain = printable(text).replace("&", "&amp;").replace("<", "&lt;")
    # Addresses would become links by themselves.
    plain = _ACTIVE.sub(r"\\\1", plain).replace("://", "&#58;//").replace("www.", "www&#46;")
    return _ACTIVE_AT_START.sub(_defused, plain)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; every cell is escaped."""
    lines = [_row(head), _row_of(["---"] * len(head)), *(_row(row) for row in rows)]
    return "\n".join(lines)


def code_block(language: str, lines: Sequence[str]) -> str:
    """Return lines as a code block that their content cannot end."""
    runs = [len(run) for line in lines for run in re.findall(r"`+", line)]
    fence = "`" * max(3, *(n + 1 for n in runs)) if runs else "```"
    body = "\n".join(printable(line) for line in lines)
    return f"{fence}{language}\n{body}\n{fence}"


def _defused(start: re.Match[str]) -> str:
    space, mark = start.groups()
    return f"{space}&#{ord(mark[0])};{mark[1:]}" if mark.isdigit() else f"{space}\\{mark}"


def _row(cells: Sequence[str]) -> str:
    return _row_of([escaped(cell) for cell in cells])


def _row_of(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
