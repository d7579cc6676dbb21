"""Progress is shown on a terminal, and never when quiet."""

import io
from contextlib import redirect_stderr

import pytest

from finetrust.core.progress import quietly, say, track


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_messages_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    say("halfway")
    assert capsys.readouterr() == ("", "halfway\n")


def test_nothing_is_said_within_a_quiet_block(capsys: pytest.CaptureFixture[str]) -> None:
    with quietly():
        say("halfway")
        with quietly(False):
            say("inside")
        say("again")
    say("after")
    assert capsys.readouterr().err == "inside\nafter\n"


def test_a_quiet_block_that_fails_ends_quietness(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError), quietly():
        raise RuntimeError
    say("after")
    assert capsys.readouterr().err == "after\n"


def test_a_bar_is_shown_on_a_terminal_and_changes_no_item(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    with redirect_stderr(Terminal()) as shown:
        assert list(track(range(3), "epochs")) == [0, 1, 2]
    assert "epochs" in shown.getvalue()


def test_no_bar_is_shown_when_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    with redirect_stderr(Terminal()) as shown, quietly():
        assert list(track(range(3), "epochs")) == [0, 1, 2]
    assert shown.getvalue() == ""


def test_no_bar_is_shown_in_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(track(iter("abc"), "epochs", total=3)) == ["a", "b", "c"]
    assert capsys.readouterr() == ("", "")


def test_a_loop_within_a_loop_has_a_bar_below_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    with redirect_stderr(Terminal()) as shown:
        found = [
            (outer, inner)
            for outer in track([2, 3], "steps", total=5, weight=float)
            for inner in track(range(outer), "batches")
        ]
    assert found == [(2, 0), (2, 1), (3, 0), (3, 1), (3, 2)]
    assert "steps" in shown.getvalue()
    assert "batches" in shown.getvalue()
