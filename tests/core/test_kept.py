"""Values that are costly to find are found once, and again whenever anything that they depend on differs."""

from pathlib import Path

import pytest

from finetrust.core.cache import cache_root
from finetrust.core.kept import kept


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINETRUST_CACHE", str(tmp_path / "cache"))


def found(*depends_on: str | bytes, what: str = "pairs-1") -> tuple[object, int]:
    """Return what is kept, and how often it had to be found."""
    times = []
    value = kept(what, depends_on, lambda: times.append(1) or {"pairs": [[1, 2]]})
    return value, len(times)


def test_a_value_is_found_once() -> None:
    assert found("a", b"b") == ({"pairs": [[1, 2]]}, 1)
    assert found("a", b"b") == ({"pairs": [[1, 2]]}, 0)


@pytest.mark.parametrize("other", [("a",), ("a", "c"), ("ab",), ("", "ab"), ("b", "a")])
def test_another_value_is_found_where_anything_differs(other: tuple[str, ...]) -> None:
    found("a", "b")
    assert found(*other)[1] == 1


def test_values_of_another_kind_do_not_meet() -> None:
    found("a")
    assert found("a", what="pairs-2")[1] == 1


def test_a_broken_file_is_found_again() -> None:
    found("a")
    for file in cache_root().rglob("*.json"):
        file.write_text("{", encoding="utf-8")
    assert found("a")[1] == 1
    assert found("a")[1] == 0


def test_nothing_is_kept_where_there_is_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("FINETRUST_CACHE", str(tmp_path / "file"))
    assert found("a")[1] == 1
    assert found("a")[1] == 1
