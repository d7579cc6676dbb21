"""Patterns of models stand for the largest of each family up to a size; candidates keep the user's names."""

from pathlib import Path

import pytest

from finetrust.core.errors import UserError
from finetrust.selection.candidate import candidates_of
from finetrust.selection.patterns import (
    expanded,
    largest_of_families,
    n_parameters,
    timm_sizes,
)

SIZES = {"a1": 8, "a2": 9, "a3": 20, "b1": 5, "b2": 2, "c1": 30}
FAMILIES = {name: name[0] for name in SIZES}


def test_the_largest_of_every_family_comes_first() -> None:
    assert largest_of_families(SIZES, FAMILIES, 10, 4) == ["a2", "b1", "a1", "b2"]


def test_nothing_larger_than_asked_for_is_taken() -> None:
    assert largest_of_families(SIZES, FAMILIES, 30, 2) == ["c1", "a3"]
    assert largest_of_families(SIZES, FAMILIES, 1, 9) == []


@pytest.mark.parametrize(("pattern", "most"), [("timm:top4@9MB", 2.25e6), ("timm:top4@2M", 2e6)])
def test_a_pattern_stands_for_small_models_of_several_families(pattern: str, most: float) -> None:
    found = expanded([pattern])
    sizes = timm_sizes()
    names = [name.removeprefix("timm:") for name in found]
    assert len(set(names)) == 4
    assert all(sizes[name] <= most for name in names)
    assert [sizes[name] for name in names] == sorted((sizes[n] for n in names), reverse=True)


@pytest.mark.parametrize("name", ["resnet18", "test_vit", "mobilenetv3_small_050"])
def test_the_table_of_sizes_is_right(name: str) -> None:
    assert timm_sizes()[name] == n_parameters(name)


@pytest.mark.parametrize("wrong", ["timm:top20", "timm:top5@x", "timm:top3@5GB", "foo:top3@5MB"])
def test_a_misspelt_pattern_is_one_line(wrong: str) -> None:
    with pytest.raises(UserError, match="no pattern of models"):
        expanded([wrong])


def test_a_pattern_that_nothing_fits_says_what_the_smallest_is() -> None:
    with pytest.raises(UserError, match="as small as that"):
        expanded(["timm:top3@0.001MB"])


def test_a_weights_file_is_split_from_the_name_and_folders_are_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "nets.py"
    file.write_text("")
    one, two = candidates_of([f"{file}:small@{tmp_path}/w.pth", "resnet18"], {"input_size": 64})
    assert one.name == "small@w.pth"
    assert one.options == {
        "model": f"{file}:small",
        "weights": f"{tmp_path}/w.pth",
        "input_size": 64,
    }
    assert two.name == "resnet18"


def test_candidates_that_would_be_called_alike_keep_their_whole_names(tmp_path: Path) -> None:
    names = [f"resnet18@{tmp_path}/{folder}/w.pth" for folder in "ab"]
    assert [c.name for c in candidates_of(names, {})] == names


def test_a_candidate_is_taken_once_and_its_own_options_win() -> None:
    given = ["resnet18", "resnet18", {"model": "resnet18", "input_size": 96}]
    found = candidates_of(given, {"input_size": 64})
    assert [c.options["input_size"] for c in found] == [64, 96]
    assert [c.name for c in found] == ["resnet18", "resnet18 input_size=96"]


def test_an_unknown_option_of_a_candidate_is_one_line() -> None:
    with pytest.raises(UserError, match="unknown option 'wieghts'"):
        candidates_of([{"model": "resnet18", "wieghts": "x"}], {})
    with pytest.raises(UserError, match="no 'model'"):
        candidates_of([{"weights": "x"}], {})
    with pytest.raises(UserError, match="no models"):
        candidates_of([], {})
