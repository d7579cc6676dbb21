"""Predicting files and folders."""

import sys
from pathlib import Path

import pytest

import finetrust
from finetrust import UserError
from finetrust.cli import main
from finetrust.data.source import open_dataset


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> finetrust.Run:
    return finetrust.tune(
        "glyphnet",
        "digits",
        strategy="linear-probe",
        epochs=2,
        quiet=True,
        out=str(tmp_path_factory.mktemp("run") / "a"),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    data = open_dataset("digits:5")
    for row in range(4):
        data.inputs[row].save(tmp_path / f"{row}.png")
    (tmp_path / "broken.png").write_bytes((tmp_path / "0.png").read_bytes()[:60])
    (tmp_path / "notes.txt").write_text("no image")
    return tmp_path


def test_a_folder_is_predicted_in_order_and_the_unreadable_image_named(
    run: finetrust.Run, folder: Path
) -> None:
    found = run.predict(folder, quiet=True, top=2)
    assert [Path(r["path"]).name for r in found] == [
        "0.png",
        "1.png",
        "2.png",
        "3.png",
        "broken.png",
    ]
    assert [r["class"] for r in found[:4]] == ["0", "1", "2", "3"]
    assert all(len(r["top"]) == 2 for r in found[:4])
    assert "cannot be read" in found[4]["error"]


def test_an_unreadable_image_is_fatal_where_the_user_says_so(
    run: finetrust.Run, folder: Path
) -> None:
    with pytest.raises(UserError, match=r"broken.png cannot be read"):
        run.predict(folder, on_error="fail", quiet=True)


def test_a_table_is_not_an_image(run: finetrust.Run, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("path,label")
    with pytest.raises(UserError, match=r"a\.csv is a table, and predict reads images, not tables"):
        run.predict(tmp_path / "a.csv", quiet=True)


def test_an_empty_input_is_not_the_folder_one_stands_in(run: finetrust.Run) -> None:
    for empty in ("", " "):
        with pytest.raises(UserError, match="an input is empty"):
            run.predict(empty, quiet=True)


@pytest.mark.parametrize(("names", "code"), [(("broken",), 2), (("broken", "0"), 0)])
def test_the_command_fails_where_no_input_could_be_read(
    run: finetrust.Run,
    folder: Path,
    names: tuple[str, ...],
    code: int,
    capsys: pytest.CaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = [str(folder / f"{name}.png") for name in names]
    monkeypatch.setattr(sys, "argv", ["finetrust", "predict", str(run.path), *given, "-q"])
    found = 0
    try:
        main()
    except SystemExit as stop:
        found = stop.code
    out, err = capsys.readouterr()
    assert found == code
    assert "broken.png\terror: cannot be read" in out
    assert err == ("error: no input could be read. Give images that can be.\n" if code else "")


def test_missing_and_empty_inputs_are_errors(run: finetrust.Run, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file or folder"):
        run.predict(tmp_path / "nothing.png")
    with pytest.raises(UserError, match="no images were given"):
        run.predict(tmp_path)


def test_a_folder_that_is_no_run_is_an_error_that_names_the_nearest_run(run: finetrust.Run) -> None:
    with pytest.raises(UserError, match=r"is no run folder"):
        finetrust.load(run.path.parent)
    with pytest.raises(UserError, match=r"Did you mean"):
        finetrust.load(run.path.parent / "b")
