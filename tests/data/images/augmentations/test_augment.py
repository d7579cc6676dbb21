"""Augmentations as users spell them: a frame, and what is added to it."""

from pathlib import Path

import pytest

import finetrust
from data.pictures import picture
from finetrust import UserError
from finetrust.data.images.augmentations.augment import FRAMES, borne, read_augment
from finetrust.data.images.augmentations.augmentation import augmentations
from finetrust.tasks.task import tasks


@pytest.mark.parametrize("frame", FRAMES)
def test_a_frame_alone_adds_nothing(frame: str) -> None:
    found = read_augment(f" {frame}() ")
    assert (found.frame, dict(found.added), found.text) == (frame, {}, frame)
    assert found.steps() == []


@pytest.mark.parametrize("name", augmentations.names())
@pytest.mark.parametrize("spelled", ["crop+{}", " crop  + {} ", "crop + {}()"])
def test_spaces_and_empty_brackets_mean_nothing(name: str, spelled: str) -> None:
    found = read_augment(spelled.format(name))
    assert found.text == f"crop + {name}"
    assert found.frame == "crop"
    assert found.added == {name: augmentations.get(name)()}
    assert read_augment(found.text) == found


@pytest.mark.parametrize("name", augmentations.names())
def test_without_a_frame_it_is_crop_flip(name: str) -> None:
    alone, spelled = read_augment(name), read_augment(f"crop-flip + {name}")
    assert (alone.frame, alone.added) == (spelled.frame, spelled.added)
    assert alone.text == name


def test_augmentations_act_in_their_order_with_their_settings() -> None:
    found = read_augment(
        "none + random-erasing( probability = 0.25 ) + augmix(severity=5, width=2)"
    )
    assert list(found.added) == ["random-erasing", "augmix"]
    assert found.added["random-erasing"].probability == 0.25
    assert (found.added["augmix"].severity, found.added["augmix"].width) == (5, 2)
    assert found.text == "none + random-erasing(probability=0.25) + augmix(severity=5, width=2)"


MISTAKES = [
    ("augmx", "unknown augmentation 'augmx'. Did you mean 'augmix'?"),
    ("crop-flp", "unknown augmentation 'crop-flp'. Did you mean 'crop-flip'?"),
    ("crop + cutout", "Known: none, flip, crop, crop-flip, augmix"),
    ("augmix + crop", "crop says how an image is framed, which comes first"),
    ("crop + none", "none says how an image is framed, which comes first"),
    ("crop(scale=2)", "crop has no settings"),
    ("augmix + augmix", "augmix is added twice"),
    ("crop +", "'' is no name"),
    ("", "'' is no name"),
    ("crop augmix", "is no name"),
    ("crop + augmix(severity=3", "is no name"),
    ("augmix(severity)", "'severity' sets nothing"),
    ("augmix(sevrity=3)", "augmix has no setting 'sevrity'. Did you mean 'severity'?"),
    ("augmix(severity=11)", "option 'severity' is '11'"),
    ("augmix(width=0)", "option 'width' is '0'"),
    ("random-erasing(probability=1.5)", "option 'probability' is '1.5'"),
    ("random-erasing(probability=nan)", "option 'probability' is 'nan'"),
    ("pixmix(strength=0)", "option 'strength' is '0'"),
]


@pytest.mark.parametrize(("text", "said"), MISTAKES)
def test_what_makes_no_sense_is_one_line(text: str, said: str) -> None:
    with pytest.raises(UserError, match=said.replace("(", r"\(").replace("?", r"\?")) as raised:
        read_augment(text)
    assert "\n" not in str(raised.value)


def test_a_mistake_is_found_before_anything_is_written(tmp_path: Path) -> None:
    out = tmp_path / "run"
    with pytest.raises(UserError, match="Did you mean 'augmix'"):
        finetrust.tune("glyphnet", "digits:5", augment="augmx", out=str(out), quiet=True)
    assert not out.exists()


@pytest.mark.parametrize(
    ("task", "text", "said"),
    [
        ("regression", "crop + augmix", "'augmix' is not made for regression: it changes colours"),
        ("regression", "random-erasing", "not made for regression: it hides parts of images"),
        ("segmentation", "random-erasing", "for segmentation: it hides parts of images"),
        ("text-classification", "crop", "for text-classification: it shows parts of images"),
        ("token-classification", "none + pixmix", "for token-classification: it changes colours"),
    ],
)
def test_what_would_make_targets_wrong_is_refused(task: str, text: str, said: str) -> None:
    with pytest.raises(UserError, match=said) as raised:
        read_augment(text).check(tasks.get(task).changes, task)
    assert str(raised.value).endswith(f"Choose among {', '.join(tasks.get(task).augments)}.")


@pytest.mark.parametrize("task", tasks.names())
def test_each_task_takes_its_own_default_and_all_that_it_names(task: str) -> None:
    its = tasks.get(task)
    for text in (its.defaults.augment, *its.augments):
        read_augment(text).check(its.changes, task)
    assert "none" in its.augments


def test_a_task_names_what_it_bears() -> None:
    assert borne(()) == ("none",)
    assert borne({"frame"}) == FRAMES
    assert borne({"frame", "parts"}) == (*FRAMES, "random-erasing")
    assert {"augmix", "pixmix", "trivialaugment", "random-erasing"} <= set(
        tasks.get("classification").augments
    )


def test_masks_of_mixed_images_are_refused_and_others_go_along() -> None:
    for name in ("augmix", "pixmix"):
        with pytest.raises(UserError, match=f"{name} shows an object in several places"):
            read_augment(f"crop + {name}").steps_of_mask()
    image = picture(0, (12, 9))
    erase, trivial = read_augment("random-erasing + trivialaugment").steps_of_mask()
    assert erase(image) is image
    assert trivial(image).size == image.size
