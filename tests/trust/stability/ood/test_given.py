"""Unfamiliar inputs that the user brings: opened, of unknown classes, and named when they do not fit."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from finetrust.core.errors import UserError
from finetrust.data.images.image_kind import IMAGES
from finetrust.data.source import DataOptions
from finetrust.data.texts.text_kind import TEXTS
from finetrust.trust.stability.ood.given import given_sets


def given(*names: Path | str, kind=IMAGES, classes=("ant", "bee"), most: int = 100, **options):
    names = [str(name) for name in names]
    return list(given_sets(names, DataOptions(**options), kind, classes, most, seed=0))


def pictures(folder: Path, n: int) -> Path:
    folder.mkdir(parents=True)
    for i in range(n):
        Image.fromarray(np.full((8, 8, 3), 10 * i, np.uint8)).save(folder / f"{i}.png")
    return folder


def table(file: Path, rows: list[tuple[str, str]]) -> Path:
    with file.open("w", newline="", encoding="utf-8") as lines:
        csv.writer(lines).writerows([("text", "label"), *rows])
    return file


def test_items_of_known_classes_are_left_out(tmp_path: Path):
    for name, n in (("ant", 3), ("Bee", 3), ("wasp", 4), ("fly", 2)):
        pictures(tmp_path / "insects" / name, n)
    ((distance, name, found, _),) = given(tmp_path / "insects")
    assert (distance, name, len(found)) == ("near", "insects", 6)
    assert {i.split("/")[0] for i in found.ids} == {"wasp", "fly"}
    assert found.digests == ()


def test_a_folder_without_classes_will_do(tmp_path: Path):
    ((distance, name, found, _),) = given(f"far:{pictures(tmp_path / 'some noise', 5)}")
    assert (distance, name, len(found)) == ("far", "some_noise", 5)
    assert found.inputs[0].size == (8, 8)


def test_what_cannot_be_read_is_left_out_and_too_many_are_drawn_from(tmp_path: Path):
    folder = pictures(tmp_path / "some", 12)
    (folder / "0.png").write_bytes(b"no picture")
    assert len(given(folder)[0][2]) == 11
    few = given(folder, most=4)[0][2]
    assert few.ids == given(folder, most=4)[0][2].ids
    assert len(set(few.ids)) == 4
    assert not any(i.endswith("/0.png") for i in few.ids)


def test_texts_come_from_tables(tmp_path: Path):
    file = table(tmp_path / "oos.csv", [("hello", "ant"), ("what", "oos"), ("why", "oos")])
    ((_, name, found, _),) = given(file, kind=TEXTS)
    assert (name, [found.inputs[i] for i in range(len(found))]) == ("oos", ["what", "why"])


def test_options_of_the_judged_table_do_not_matter_for_a_set_that_has_no_such_columns(
    tmp_path: Path,
):
    pictures(tmp_path / "insects" / "ant", 2)
    pictures(tmp_path / "insects" / "wasp", 3)
    columns = {"label_column": "kind", "group_columns": ("site",)}
    ((_, _, found, _),) = given(tmp_path / "insects", **columns)
    assert len(found) == 3
    file = table(tmp_path / "texts.csv", [("a wasp", "wasp"), ("an ant", "ant")])
    ((_, _, found, _),) = given(file, kind=TEXTS, group_columns=("site",))
    assert len(found) == 1


def test_two_of_one_name_are_told_apart_and_the_mark_tells_content_apart(tmp_path: Path):
    one, other = pictures(tmp_path / "a" / "x", 3), pictures(tmp_path / "b" / "x", 4)
    first, second = given(one, other)
    assert (first[1], second[1]) == ("x", "x_2")
    assert first[3] != second[3]
    assert given(one)[0][3] == first[3]


def test_what_does_not_fit_is_one_line_that_names_it(tmp_path: Path):
    texts = table(tmp_path / "texts.csv", [("hello", "ant"), ("why", "bee")])
    with pytest.raises(UserError, match=r"texts\.csv holds texts, and the model takes images"):
        given(texts)
    with pytest.raises(UserError, match="no input of a class that the model does not know"):
        given(texts, kind=TEXTS)
    with pytest.raises(UserError, match="option 'ood_data'"):
        given(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="option 'ood_data'"):
        given(tmp_path / "empty")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "a.png").write_bytes(b"no picture")
    with pytest.raises(UserError, match="can be read"):
        given(broken)
