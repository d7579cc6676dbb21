from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from finetrust.core.errors import UserError
from finetrust.data.concept_images import MOST_IMAGES, open_concepts, read_concepts


def folder(home: Path, n: int, shade: int = 0) -> Path:
    home.mkdir(parents=True)
    for i in range(n):
        Image.fromarray(np.full((4, 4, 3), shade + i, np.uint8)).save(home / f"{i:03d}.png")
    return home


def test_every_folder_is_a_concept_with_the_images_below_it(tmp_path: Path):
    folder(tmp_path / "stripes", 6)
    folder(tmp_path / "dots" / "small", 5)
    folder(tmp_path / ".hidden", 5)
    (tmp_path / "stripes" / "readme.txt").write_text("not an image")
    (tmp_path / "stripes" / "._000.png").write_bytes(b"what a file manager left")
    found = read_concepts(str(tmp_path))
    assert [(concept.name, len(concept.images)) for concept in found] == [
        ("dots", 5),
        ("stripes", 6),
    ]
    assert found[0].images.ids[0] == "dots/small/000.png"
    assert found[1].images.inputs[3].getpixel((0, 0)) == (3, 3, 3)


def test_of_many_images_some_are_used_that_are_spread_evenly(tmp_path: Path):
    folder(tmp_path / "many", 2 * MOST_IMAGES)
    (only,) = open_concepts(str(tmp_path))
    assert len(only.images) == MOST_IMAGES
    assert only.images.ids == tuple(f"many/{2 * i:03d}.png" for i in range(MOST_IMAGES))


def test_the_mark_follows_the_name_and_the_content(tmp_path: Path):
    folder(tmp_path / "a" / "stripes", 5)
    folder(tmp_path / "b" / "stripes", 5)
    folder(tmp_path / "c" / "stripes", 5, shade=1)
    folder(tmp_path / "d" / "dots", 5)
    marks = [open_concepts(str(tmp_path / name))[0].mark for name in "abcd"]
    assert marks[0] == marks[1]
    assert len(set(marks)) == 3


def test_a_missing_folder_is_named(tmp_path: Path):
    with pytest.raises(UserError, match=r"option 'concepts': .*nothing is no folder"):
        open_concepts(str(tmp_path / "nothing"))
    folder(tmp_path / "stripes", 5)
    with pytest.raises(UserError, match="is no folder"):
        open_concepts(str(tmp_path / "stripes" / "000.png"))


def test_a_folder_of_images_alone_has_no_concepts(tmp_path: Path):
    with pytest.raises(UserError, match="holds no folders"):
        open_concepts(str(folder(tmp_path / "stripes", 5)))


def test_too_few_images_are_counted(tmp_path: Path):
    folder(tmp_path / "dots", 5)
    folder(tmp_path / "stripes", 4)
    with pytest.raises(UserError, match=r"stripes holds 4 images, and 5 are needed") as error:
        open_concepts(str(tmp_path))
    assert "\n" not in str(error.value)


def test_an_image_that_cannot_be_read_is_named(tmp_path: Path):
    home = folder(tmp_path / "stripes", 6)
    whole = (home / "003.png").read_bytes()
    (home / "003.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match=r"stripes.003\.png cannot be read"):
        read_concepts(str(tmp_path))
    (home / "003.png").write_bytes(b"no image at all")
    with pytest.raises(UserError, match=r"003\.png cannot be read \(no image of a known format"):
        read_concepts(str(tmp_path))
