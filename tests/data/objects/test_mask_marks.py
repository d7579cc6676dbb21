"""Masks in image files: which pixels are object, and what cannot be used."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from finetrust.core.errors import UserError
from finetrust.data.objects.marks import read_marks
from finetrust.data.objects.mask_marks import MaskMarks, marked_pixels

OBJECT = np.zeros((6, 8), bool)
OBJECT[2:4, 3:7] = True


def grey(value: int) -> Image.Image:
    return Image.fromarray(OBJECT.astype(np.uint8) * value)


def painted(colour: tuple[int, ...], mode: str) -> Image.Image:
    return Image.fromarray(OBJECT[..., None] * np.array(colour, np.uint8), mode)


def palette(background: tuple[int, int, int]) -> Image.Image:
    image = Image.fromarray(3 * OBJECT.astype(np.uint8), "P")
    image.putpalette([*background, 9, 9, 9, 9, 9, 9, 0, 0, 0])
    return image


@pytest.mark.parametrize(
    "image",
    [
        grey(255),
        grey(1),
        Image.fromarray(OBJECT),
        Image.fromarray(700 * OBJECT.astype(np.uint16)),
        painted((0, 0, 1), "RGB"),
        painted((0, 200, 0, 255), "RGBA"),
        palette((255, 255, 255)),
        palette((0, 0, 0)),
    ],
    ids=["white", "one", "bits", "16 bits", "colour", "alpha", "white palette", "black palette"],
)
@pytest.mark.parametrize("ending", ["png", "tif"])
def test_what_is_not_background_is_object(image: Image.Image, ending: str, tmp_path: Path) -> None:
    image.save(tmp_path / f"x.{ending}")
    marks = read_marks(str(tmp_path))
    assert isinstance(marks, MaskMarks)
    assert marks.names == ("x",)
    assert marks.size("x") == (8, 6)
    np.testing.assert_array_equal(marks.read("x", (8, 6)), OBJECT)


def test_what_is_transparent_is_no_object() -> None:
    seen = np.zeros((6, 8, 4), np.uint8)
    seen[..., :3] = 255
    seen[OBJECT, 3] = 200
    np.testing.assert_array_equal(marked_pixels(Image.fromarray(seen, "RGBA")), OBJECT)


def test_names_are_paths_and_hidden_or_other_files_are_none(tmp_path: Path) -> None:
    (tmp_path / "test" / "cat").mkdir(parents=True)
    grey(255).save(tmp_path / "test" / "cat" / "1.5.png")
    (tmp_path / ".x.png").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("x")
    assert read_marks(str(tmp_path)).names == ("test/cat/1.5",)


def test_what_cannot_be_used_is_told_with_a_mend(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere does not exist\. Give a folder of masks"):
        read_marks(str(tmp_path / "nowhere"))
    with pytest.raises(UserError, match="there is no mask in"):
        read_marks(str(tmp_path))
    painted((9, 9, 9), "RGB").save(tmp_path / "x.jpg")
    with pytest.raises(UserError, match=r"x\.jpg is JPEG, .* Save the masks as PNG"):
        read_marks(str(tmp_path))
    grey(255).save(tmp_path / "x.png")
    grey(255).save(tmp_path / "x.tif")
    with pytest.raises(UserError, match=r"x\.png and x\.tif are of the same image"):
        read_marks(str(tmp_path))
    (tmp_path / "x.tif").unlink()
    (tmp_path / "x.png").write_bytes((tmp_path / "x.png").read_bytes()[:40])
    with pytest.raises(UserError, match=r"x\.png cannot be read \(.*\)\. Save it as PNG"):
        read_marks(str(tmp_path)).read("x", (8, 6))


def test_another_mask_has_another_content(tmp_path: Path) -> None:
    grey(255).save(tmp_path / "x.png")
    marks = read_marks(str(tmp_path))
    before = marks.content("x")
    grey(0).save(tmp_path / "x.png")
    assert marks.content("x") != before
