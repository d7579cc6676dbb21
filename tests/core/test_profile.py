"""A trust profile is found by key, written to JSON and read back."""

import json
from pathlib import Path

import pytest

from finetrust.core.errors import UserError
from finetrust.core.measure import Estimate, Measure, MeasureDefinition
from finetrust.core.profile import SCHEMA_VERSION, TrustProfile


def definition(name: str, axis: str = "accuracy") -> MeasureDefinition:
    return MeasureDefinition(
        name, axis, name.title(), "%", "higher", "A method.", "A paper.", (), lambda evidence: ()
    )


def profile_of(*measures: Measure) -> TrustProfile:
    return TrustProfile(
        task="classification",
        model={"architecture": "resnet18"},
        data={"name": "日本", "n": 3},
        measures=measures,
        notes=("A note.",),
        pictures=({"file": "pictures/000.png", "confidence": 0.5},),
        context={"seconds": {"predictions": 1.5}},
    )


ACCURACY = definition("accuracy").measure(Estimate(0.5, 0.25, 0.75, 4, details={"bins": [1, None]}))
OF_CAT = definition("recall").measure(Estimate(0.1, 0.0, 0.4, 2, "class=cat"))
OF_DOG = definition("recall").measure(Estimate(0.2, 0.0, 0.4, 2, "class=dog"))
MISSING = definition("stability", "stability").not_applicable("no corrupted images")


def test_a_saved_profile_loads_as_it_was(tmp_path: Path) -> None:
    profile = profile_of(ACCURACY, OF_CAT, MISSING)
    profile.save(tmp_path / "trust.json")
    assert TrustProfile.load(tmp_path / "trust.json") == profile


def test_a_profile_of_before_shares_and_meanings_were_told_still_loads(tmp_path: Path) -> None:
    path = tmp_path / "trust.json"
    profile_of(ACCURACY).save(path)
    raw = json.loads(path.read_text(encoding="utf-8"))
    for measure in raw["measures"]:
        del measure["share"], measure["meaning"]
    path.write_text(json.dumps(raw))
    assert TrustProfile.load(path)["accuracy"] == ACCURACY


def test_the_file_is_json_that_names_its_schema(tmp_path: Path) -> None:
    profile_of(ACCURACY).save(tmp_path / "trust.json")
    raw = json.loads((tmp_path / "trust.json").read_text(encoding="utf-8"))
    assert raw["schema_version"] == SCHEMA_VERSION
    assert raw["measures"][0]["value"] == 0.5


def test_measures_are_found_by_key_axis_and_name() -> None:
    profile = profile_of(ACCURACY, OF_CAT, OF_DOG, MISSING)
    assert profile["accuracy"] is ACCURACY
    assert profile["recall[class=cat]"] is OF_CAT
    assert "recall[class=dog]" in profile
    assert "recall" not in profile
    assert profile.subsets("recall") == (OF_CAT, OF_DOG)
    assert profile.axis("stability") == (MISSING,)


def test_an_unknown_measure_suggests_the_nearest() -> None:
    with pytest.raises(UserError, match=r"unknown measure 'acuracy'.*Did you mean 'accuracy'"):
        profile_of(ACCURACY)["acuracy"]


def test_a_measure_without_value_gives_its_reason() -> None:
    assert not MISSING.applies
    assert MISSING.value is MISSING.ci_low is MISSING.ci_high is None
    assert MISSING.reason == "no corrupted images"
    assert ACCURACY.applies
    assert ACCURACY.reason is None


def test_a_profile_of_another_schema_is_refused(tmp_path: Path) -> None:
    raw = {**profile_of(ACCURACY).to_dict(), "schema_version": SCHEMA_VERSION + 1}
    path = tmp_path / "trust.json"
    path.write_text(json.dumps(raw))
    with pytest.raises(UserError, match=f"schema {SCHEMA_VERSION + 1}.*reads {SCHEMA_VERSION}"):
        TrustProfile.load(path)


@pytest.mark.parametrize("content", ["", "{", '{"task": ', "[]", "3", "\xff"])
def test_what_is_no_profile_is_named_to_the_user(content: str, tmp_path: Path) -> None:
    path = tmp_path / "trust.json"
    path.write_text(content, encoding="latin-1")
    with pytest.raises(UserError, match=r"trust\.json: (not a )?trust profile"):
        TrustProfile.load(path)


def test_a_missing_profile_tells_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"does not exist.*finetrust evaluate"):
        TrustProfile.load(tmp_path / "trust.json")


def test_a_profile_with_nan_is_not_written(tmp_path: Path) -> None:
    profile = profile_of(definition("accuracy").measure(Estimate(float("nan"), 0, 1, 1)))
    with pytest.raises(ValueError, match="JSON"):
        profile.save(tmp_path / "trust.json")
    assert not (tmp_path / "trust.json").exists()
