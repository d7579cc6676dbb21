"""From a tuned network to the rows of the report, as a user gets them."""

from pathlib import Path

import pytest

import finetrust
from finetrust.core.profile import TrustProfile
from finetrust.trust.interpretability.sanity.sanity_table import sanity_table

OPTIONS = {
    "trials": "sanity", "attributions": "grad_cam,saliency", "trial_items": 8, "pictures": 0, "quiet": True,
}  # fmt: skip


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> TrustProfile:
    out = str(tmp_path_factory.mktemp("run") / "a")
    run = finetrust.tune(
        "glyphnet", "digits", strategy="linear-probe", epochs=2, quiet=True, out=out
    )
    return run.evaluate(**OPTIONS)


def test_the_rows_come_from_the_profile_and_come_back_from_its_file(
    profile: TrustProfile, tmp_path: Path
) -> None:
    rows = sanity_table(profile.measures)
    assert {row.method for row in rows} == {"grad_cam", "saliency"}
    assert [row.chosen for row in rows] == [True, False]
    for row in rows:
        assert row.gain is not None
        assert row.weights.n == row.labels.n == 8
        assert row.believed in (True, None)
        assert 0.3 < row.stability.value <= 1
        assert row.completeness is None
    profile.save(tmp_path / "trust.json")
    assert sanity_table(TrustProfile.load(tmp_path / "trust.json").measures) == rows


def test_a_digit_is_not_mirrored_and_where_nothing_is_promised_none_is_broken(
    profile: TrustProfile,
) -> None:
    assert "explanation_stability[change=flip]" not in profile
    assert profile["explanation_stability[change=shift]"].applies
    assert "promises" in profile["completeness_error"].reason
    assert profile["explanation_agreement"].n <= 8
    assert "sanity" in profile.context["seconds"]["trials"]
