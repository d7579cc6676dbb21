"""The model card: front matter that a hub can read, figures with intervals, escaped Markdown."""

import yaml

from finetrust.core.profile import TrustProfile
from finetrust.core.run_folder import RunFolder
from finetrust.report.markdown import code_block, escaped, table
from finetrust.report.model_card import write_model_card
from finetrust.report.numbers import interval_of, value_of


def card_of(folder: RunFolder) -> tuple[dict, str]:
    text = write_model_card(folder).read_text(encoding="utf-8")
    _, front, body = text.split("---\n", 2)
    return yaml.safe_load(front), body


def test_the_front_matter_names_licence_library_and_metrics(run: RunFolder) -> None:
    front, _ = card_of(run)
    assert front["license"] == "apache-2.0"
    assert front["library_name"] == "finetrust"
    assert front["pipeline_tag"] == "image-classification"
    (result,) = front["model-index"][0]["results"]
    values = {metric["type"]: metric["value"] for metric in result["metrics"]}
    profile = TrustProfile.load(run.profile_file)
    assert abs(values["accuracy"] - (profile["accuracy"].value or 0)) < 1e-6
    assert result["dataset"]["name"] == "digits"


def test_a_licence_that_the_hub_does_not_know_is_other(hostile: RunFolder) -> None:
    front, _ = card_of(hostile)
    assert front["license"] == "other"
    assert front["license_name"].startswith("apache-2.0<script>")


def test_the_evaluation_table_holds_values_and_intervals(run: RunFolder) -> None:
    _, body = card_of(run)
    for measure in TrustProfile.load(run.profile_file).measures:
        if measure.applies and not measure.subset:
            row = [measure.title, value_of(measure), interval_of(measure), str(measure.n)]
            there = table(["a"], [row]).splitlines()[-1] in body
            assert there != measure.secondary, measure.key
    assert "more measures stand in the report." in body


def test_notes_and_cautions_are_limitations(run: RunFolder) -> None:
    _, body = card_of(run)
    limits = body.split("## Limitations")[1].split("## Provenance")[0]
    assert "3 items were also used for validation." in limits
    assert "data like “digits”" in limits


def test_next_steps_are_limitations_with_their_remedy(run: RunFolder) -> None:
    _, body = card_of(run)
    limits = body.split("## Limitations")[1].split("## Provenance")[0]
    assert "2 evaluation items were also in the training data" in limits
    assert "Remove such copies from one of the two and evaluate again." in limits


def test_it_tells_how_to_load_the_run(run: RunFolder) -> None:
    _, body = card_of(run)
    assert f"run = finetrust.load({str(run.path)!r})" in body


def test_a_run_that_was_not_evaluated_says_so(unevaluated: RunFolder) -> None:
    front, body = card_of(unevaluated)
    assert "model-index" not in front
    assert f"finetrust evaluate {unevaluated.path}" in body


def test_a_model_judged_as_it_comes_claims_no_training(as_it_comes: RunFolder) -> None:
    _, body = card_of(as_it_comes)
    assert "finetrust did not train this model" in body


def test_hostile_names_do_not_become_html(hostile: RunFolder) -> None:
    _, body = card_of(hostile)
    outside_code = "".join(body.split("```")[::2])
    assert "<script" not in outside_code
    assert "<img" not in outside_code
    assert "&lt;script>" in outside_code


def test_markdown_in_data_stays_text() -> None:
    assert escaped("[a](http://x)") == r"\[a\](http&#58;//x)"
    assert escaped("# no title") == r"\# no title"
    assert escaped("1. no list") == "&#49;. no list"
    assert escaped("3.5") == "3.5"
    assert escaped("a | b\nc") == r"a \| b c"
    assert escaped("*`_") == r"\*\`\_"


def test_a_code_block_cannot_be_ended_from_inside() -> None:
    block = code_block("sh", ["a ``` b", "````"])
    assert block.startswith("`````sh\n")
    assert block.endswith("\n`````")
