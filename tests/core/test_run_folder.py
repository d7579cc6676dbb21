"""A run folder keeps its records, and reads past what a kill cut off."""

import json
from pathlib import Path

import pytest

from finetrust.core.errors import UserError
from finetrust.core.run_folder import RunFolder


def test_every_path_lies_inside_the_folder(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    paths = [
        getattr(folder, name)
        for name, value in vars(RunFolder).items()
        if isinstance(value, property) and name not in ("config", "record", "data_report", "log")
    ]
    assert len(paths) >= 10
    assert len(set(paths)) == len(paths)
    assert all(path.is_relative_to(tmp_path) for path in paths)


def test_an_empty_folder_has_no_records(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert folder.record == {}
    assert folder.log == []
    assert folder.data_report is None


def test_the_record_grows_by_what_is_written(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.write_record(a=1, b={"c": [1.5]})
    folder.write_record(a=2)
    assert folder.record == {"a": 2, "b": {"c": [1.5]}}


def test_the_options_come_back_in_their_order(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    options = {"model": "resnet18", "epochs": 3, "classes": ["Ä", "b"], "patience": None}
    folder.write_config(options)
    assert list(folder.config.items()) == list(options.items())


def test_a_line_that_a_kill_cut_off_is_left_out(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    events = [{"epoch": 1, "note": "ü\u2028ä"}, {"epoch": 2}]
    for event in events:
        folder.append_log(**event)
    whole = folder.log_file.read_text()
    first, second = (len(line) for line in whole.splitlines())
    for length in range(len(whole)):
        folder.log_file.write_text(whole[:length])
        finished = (length >= first) + (length >= first + 1 + second)
        assert folder.log == events[:finished]


def test_a_resumed_run_goes_on_behind_the_last_whole_line(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for epoch in (1, 2, 3):
        folder.append_log(epoch=epoch)
    with folder.log_file.open("a") as file:
        file.write('{"epoch": 4, "los')
    folder.truncate_log(2)
    folder.append_log(epoch=3)
    assert folder.log == [{"epoch": 1}, {"epoch": 2}, {"epoch": 3}]
    assert len(folder.log_file.read_text().splitlines()) == 3


def test_a_record_that_cannot_be_read_is_named_to_the_user(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.record_file.write_text("{broken")
    with pytest.raises(UserError, match=r"run\.json: cannot be read"):
        _ = folder.record


def test_the_data_report_is_read_from_its_place(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.data_report_file.parent.mkdir()
    folder.data_report_file.write_text(json.dumps({"n": 3}))
    assert folder.data_report == {"n": 3}
