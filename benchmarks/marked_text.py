"""Results in a Markdown file, between two marks with the name of the benchmark that makes them."""

from pathlib import Path


def replace_marked(file: Path, name: str, text: str) -> None:
    """Put a text in place of what stands between ``<!-- name: begin -->`` and ``<!-- name: end -->``."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, rest = file.read_text(encoding="utf-8").split(begin)
    _, after = rest.split(end)
    file.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")
