"""Errors say what was found and what to do; a name that is nearly right is guessed."""

from pathlib import Path

import pytest

from finetrust.core.cache import cache_root
from finetrust.core.errors import UserError
from finetrust.core.nearest import did_you_mean


def test_an_error_reads_as_two_sentences() -> None:
    error = UserError("data.csv, row 17: label 'cta' is not among the classes.", "Fix the row.")
    assert str(error) == "data.csv, row 17: label 'cta' is not among the classes. Fix the row."
    assert error.mend == "Fix the row."


@pytest.mark.parametrize(
    ("given", "guessed"),
    [
        ("resnet5", "Did you mean 'ResNet50'?"),
        ("RESNET50", "Did you mean 'ResNet50'?"),
        ("vit", ""),
        ("", ""),
    ],
)
def test_the_nearest_name_is_guessed_whatever_its_case(given: str, guessed: str) -> None:
    assert did_you_mean(given, ["ResNet50", "MobileNet"]) == guessed


def test_the_cache_lies_where_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FINETRUST_CACHE", str(tmp_path))
    assert cache_root() == tmp_path
    monkeypatch.delenv("FINETRUST_CACHE")
    assert cache_root().name == "finetrust"
