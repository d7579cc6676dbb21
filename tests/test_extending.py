"""The page on extending finetrust shows the very code of the task that it adds."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def unindented(code: str) -> str:
    return "\n".join(line.strip() for line in code.splitlines())


def test_every_snippet_is_a_part_of_the_file_that_it_explains() -> None:
    page = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    code = (ROOT / "src" / "finetrust" / "tasks" / "regression.py").read_text(encoding="utf-8")
    snippets = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(snippets) >= 6
    for snippet in snippets:
        for part in snippet.rstrip().split("\n\n"):
            assert unindented(part) in unindented(code), part


def test_the_task_is_named_nowhere_but_in_its_own_file() -> None:
    named = re.compile(
        r"""["']regression["']|tasks[./]regression|\bRegression\(|import Regression\b"""
    )
    files = [path for path in (ROOT / "src").rglob("*") if path.suffix in (".py", ".j2")]
    found = {path.name for path in files if named.search(path.read_text(encoding="utf-8"))}
    assert found == {"regression.py"}
