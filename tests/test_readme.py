"""The README's Python example runs as it stands."""

import re
from pathlib import Path

import pytest

from finetrust.cli import app

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_python_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (example,) = blocks("python")
    exec(compile(example, "README.md", "exec"), {})
    assert (tmp_path / "runs/a/report.html").exists()


def test_every_command_and_option_of_the_readme_exists() -> None:
    import typer

    commands = typer.main.get_command(app).commands
    lines = [line for block in blocks("bash") for line in block.splitlines()]
    words = [line.split("#")[0].split() for line in lines if line.startswith("finetrust ")]
    assert len(words) >= 8
    for _, command, *rest in words:
        known = {name for p in commands[command].params for name in (*p.opts, *p.secondary_opts)}
        assert {word for word in rest if word.startswith("-")} <= known, command


def test_the_report_in_the_readme_is_there() -> None:
    for picture in re.findall(r"!\[.*?\]\((.*?)\)", README):
        assert (Path(__file__).parents[1] / picture).exists()
