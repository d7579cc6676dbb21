"""The command ``finetrust search`` as a person uses it."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from finetrust.cli import main

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    """Run a command in an empty folder, and return exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["finetrust", *map(str, words)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_a_search_prints_its_front_and_the_command_that_takes_the_best(cli: Cli) -> None:
    code, out, err = cli(
        "search", "--model", "glyphnet", "--data", "digits:5", "--strategy", "linear-probe",
        "--epochs", 1, "--trials", 2, "--maximize", "accuracy", "--minimize", "ece", "--out", "s",
    )  # fmt: skip
    assert code == 0, err
    found = json.loads(Path("s/search.json").read_text(encoding="utf-8"))
    assert f"finetrust search --out s --take {found['best']} --final" in " ".join(out.split())
    assert "Trial 0: linear-probe" in err
    assert "left)" in " ".join(err.split())
    assert "Saved in s: search.html, search.json, best.yaml" in err
    assert Path("s/search.html").exists()
    assert "strategy" not in found["space"]

    code, again, _ = cli("search", "--out", "s", "--resume", "--quiet")
    assert code == 0
    assert again == out


def test_more_trials_in_the_file_extend_the_search(cli: Cli) -> None:
    file = Path("s.yaml")
    words = ("search", "--config", file, "--quiet")
    options = "model: glyphnet\ndata: digits:5\nstrategy: linear-probe\nepochs: 1\nout: s\n"
    file.write_text(f"{options}trials: 1\n", encoding="utf-8")
    assert cli(*words)[0] == 0
    file.write_text(f"{options}trials: 2\n", encoding="utf-8")
    code, _, err = cli(*words, "--resume")
    assert (code, err) == (0, "")
    found = json.loads(Path("s/search.json").read_text("utf-8"))
    assert [trial["state"] for trial in found["trials"]] == ["finished"] * 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--model", "glyphnet", "--data", "digits:5"), "a search needs an end"),
        (("--data", "digits:5", "--trials", 2), "no model is given"),
        (("--out", "none", "--resume"), "none: there is no search to go on with"),
        (("--take", "best"), "--out names no search"),
        (("--out", "s", "--take", "7"), "s holds no search"),
        (("--out", "s", "--take", "first"), "--take 'first' is no trial"),
        (("--out", "s", "--take", "7", "--epochs", 3), "--epochs changes nothing there"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    cli: Cli, words: tuple[object, ...], said: str
) -> None:
    code, out, err = cli("search", *words)
    assert code == 2
    assert out == ""
    assert said in err
    assert err.count("\n") == 1
