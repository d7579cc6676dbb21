"""Recipes on the command line: a list, and one with its reasons."""

import sys

import pytest

from finetrust.cli import main
from finetrust.report.recipe_text import recipe_list, recipe_text
from finetrust.tuning.recipe import read_recipe, recipe_names


def said(capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch, *words: str):
    """Return exit code, standard output and standard error of a command."""
    monkeypatch.setattr(sys, "argv", ["finetrust", *words])
    code = 0
    try:
        main()
    except SystemExit as stop:
        code = int(stop.code or 0)
    return (code, *capsys.readouterr())


def test_all_recipes_are_listed_with_what_they_are_for(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, err = said(capsys, monkeypatch, "recipes")
    assert (code, out.strip(), err) == (0, recipe_list().strip(), "")
    for name in recipe_names():
        assert any(line.startswith(f"{name} ") for line in out.splitlines())


@pytest.mark.parametrize("name", recipe_names())
def test_a_recipe_is_shown_with_every_value_reason_and_source(
    name: str, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, _ = said(capsys, monkeypatch, "recipes", "show", name)
    assert (code, out.strip()) == (0, recipe_text(read_recipe(name)))
    words = " ".join(out.split())
    for choice in read_recipe(name).choices:
        assert " ".join(choice.reason.split()) in words
        assert " ".join(choice.source.split()) in words
        for option in choice.values:
            assert f"--{option.replace('_', '-')} " in out
    assert max(map(len, out.splitlines())) <= 140


def test_an_unknown_recipe_is_one_line(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, _, err = said(capsys, monkeypatch, "recipes", "show", "robsut")
    assert code == 2
    assert err.count("\n") == 1
    assert "Did you mean 'robust'?" in err
