from pathlib import Path

import pytest

from data.pictures import folder_of
from finetrust.config import TuneOptions
from finetrust.core.errors import UserError
from finetrust.data.source import DataOptions, open_dataset


def test_a_data_set_is_taken_as_it_is() -> None:
    dataset = open_dataset("digits")
    assert open_dataset(dataset) is dataset


def test_what_lies_on_disk_goes_before_a_known_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder_of(tmp_path, {"digits/one": 1, "digits/two": 1})
    monkeypatch.chdir(tmp_path)
    assert open_dataset("digits").classes == ("one", "two")


@pytest.mark.parametrize(
    ("name", "suggested"), [("digts", "digits"), ("cfar10", "cifar10"), ("CIFAR10", "cifar10")]
)
def test_an_unknown_name_suggests_the_nearest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, suggested: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=f"{name} does not exist. Did you mean '{suggested}'"):
        open_dataset(name)


def test_a_name_like_no_other_shows_what_can_be_given() -> None:
    with pytest.raises(UserError, match=r"zzzzzz does not exist\. Give a folder .* digits"):
        open_dataset("zzzzzz")


def test_a_file_that_is_no_table_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "data.xlsx").write_bytes(b"")
    with pytest.raises(UserError, match=r"data\.xlsx is no data set.*\.csv"):
        open_dataset(tmp_path / "data.xlsx")


def test_a_missing_table_suggests_its_nearest_sibling(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("")
    with pytest.raises(UserError, match=r"Did you mean '.*/labels\.csv'"):
        open_dataset(tmp_path / "label.csv")


def test_options_and_the_config_of_a_run_say_the_same() -> None:
    options = TuneOptions(path_column="file", label_column="kind", group_columns=("a", "b"))
    expected = DataOptions("file", "kind", "split", ("a", "b"))
    assert DataOptions.of(options) == expected
    assert DataOptions.of_mapping(options.model_dump(mode="json")) == expected
