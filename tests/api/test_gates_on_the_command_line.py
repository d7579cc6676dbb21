"""Gates and comparison on the command line, with their exit codes."""

import json
import sys
from pathlib import Path

import pytest

from finetrust.cli import main

from .evaluated_runs import answers, write_run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    write_run(home / "runs/a", answers(n=150, seed=0))
    write_run(home / "runs/b", answers(n=150, seed=1, skill=4.0))
    write_run(home / "runs/others", answers(n=100, seed=1, items=4))
    return home


@pytest.fixture
def cli(capsys, monkeypatch, runs: Path):
    monkeypatch.chdir(runs)

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["finetrust", *map(str, words)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        return code, *capsys.readouterr()

    return call


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("accuracy: > 0.5\nnll: < 9\n", 0, "All 2 gates passed"),
        ("accuracy: > 0.5\nece: < 0.01 %\n", 1, "1 of 2 gates passed"),
        ("corruption_accuracy: > 0.5\n", 1, "not applicable"),
        ("accuracy: better than runs/a\n", 0, "All 1 gate passed"),
    ],
)
def test_gates_exit_with_one_where_one_is_not_met(cli, runs, text, code, said) -> None:
    (runs / "gates.yaml").write_text(text)
    found, out, err = cli("gates", "runs/b", "gates.yaml")
    assert (found, said in out) == (code, True), out + err
    assert (runs / "runs/b/gates.xml").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("gates", "runs/b", "no.yaml"), "no.yaml"),
        (("gates", "runs/none", "gates.yaml"), "is no run folder"),
        (("gates", "runs/b", "bad.yaml"), "bad.yaml, line 1: unknown measure 'acuracy'"),
        (("evaluate", "runs/b", "--gates", "bad.yaml"), "bad.yaml, line 1: unknown measure"),
        (("compare", "runs/a"), "one run alone"),
        (("compare", "runs/a", "runs/others"), "--unpaired"),
        (("compare", "runs/a", "runs/b", "--flips", "flips.txt"), "neither a .csv nor"),
    ],
)
def test_bad_input_exits_with_two_and_one_line(cli, runs, words, said) -> None:
    (runs / "bad.yaml").write_text("acuracy: > 0.5\n")
    code, out, err = cli(*words)
    assert (code, out) == (2, "")
    assert len(err.strip().splitlines()) == 1
    assert said in err


def test_compare_prints_what_differs(cli, runs) -> None:
    code, out, _ = cli("compare", "runs/a", "runs/b", "--flips", "flips.csv", "--out", "seen")
    assert code == 0
    assert "runs/b against runs/a" in out
    assert "better" in out
    assert "from right to wrong" in out
    assert max(map(len, out.splitlines())) <= 80
    assert (runs / "flips.csv").exists()
    assert (runs / "seen/comparison.md").exists()


def test_compare_prints_json(cli) -> None:
    code, out, err = cli(
        "compare", "runs/b", "runs/others", "--unpaired", "--json", "--against", "runs/a"
    )
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["reference"] == "runs/a"
    assert found["runs"] == ["runs/b", "runs/others"]
