"""The report: what stands in it, what does not, and that nothing in it runs or is fetched."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from markupsafe import Markup
from parsed_page import ParsedPage
from synthetic_run import DIGITS, HOSTILE, make_evidence, write_run

import finetrust
from finetrust.core.predictions import Predictions
from finetrust.core.profile import TrustProfile
from finetrust.core.run_folder import RunFolder
from finetrust.gates.files import write_gates
from finetrust.gates.gate import GatesResult, Outcome
from finetrust.report.html import write_report
from finetrust.report.html.section import Section, ordered_sections, sections
from finetrust.report.next_steps import NOTHING_FOUND
from finetrust.report.numbers import interval_of, value_of

ALL = [
    "summary", "beside", "accuracy", "stability", "interpretability", "data", "training",
    "curves", "method", "provenance",
]  # fmt: skip


def plain(text: str) -> str:
    return text.replace("\xa0", " ")


def page_of(folder: RunFolder, *beside: RunFolder) -> ParsedPage:
    return ParsedPage.read(write_report(folder, beside))


@pytest.fixture(scope="module")
def page(run: RunFolder, scratch: RunFolder) -> ParsedPage:
    return page_of(run, scratch)


def test_the_report_lies_in_the_run_folder(run: RunFolder) -> None:
    assert write_report(run) == run.path / "report.html"


def test_every_section_is_there_in_its_order_and_in_the_contents(page: ParsedPage) -> None:
    assert list(page.sections) == ALL
    links = [link for link in page.attributes("a", "href") if link.startswith("#")]
    assert [link for link in links if "topic-" not in link] == [f"#{name}" for name in ALL]
    anchors = {f"#{attrs['id']}" for _, attrs in page.tags if "id" in attrs}
    assert set(links) <= anchors
    assert "#topic-calibration" in links


def test_elements_are_balanced_and_ids_unique(page: ParsedPage) -> None:
    assert page.unbalanced == []
    assert page.open == []
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))


def test_every_whole_measure_is_shown_as_it_stands_in_the_profile(
    page: ParsedPage, run: RunFolder
) -> None:
    profile = TrustProfile.load(run.profile_file)
    for measure in profile.measures:
        twice_divided = ",score=" in measure.subset
        if measure.axis in ("accuracy", "stability") and measure.applies and not twice_divided:
            shown = page.sections[measure.axis]
            assert plain(value_of(measure)) in shown, measure.key
            assert plain(interval_of(measure)) in shown, measure.key


def test_the_row_of_a_class_holds_its_recall_interval_and_items(
    page: ParsedPage, run: RunFolder
) -> None:
    for measure in TrustProfile.load(run.profile_file).subsets("recall"):
        name = measure.subset.removeprefix("class=")
        row = f"{name} {plain(value_of(measure))} {plain(interval_of(measure))} {measure.n} "
        assert row in page.sections["accuracy"]


def test_the_weakest_class_stands_first(page: ParsedPage, run: RunFolder) -> None:
    recalls = TrustProfile.load(run.profile_file).subsets("recall")
    rows = [
        page.sections["accuracy"].index(f" {plain(value_of(m))} {plain(interval_of(m))} {m.n} ")
        for m in sorted(recalls, key=lambda m: m.value or 0.0)
    ]
    assert rows[0] < rows[-1]


def test_subgroups_have_a_table_of_their_own(page: ParsedPage) -> None:
    assert "Accuracy by scanner" in page.sections["accuracy"]
    assert "By “scanner” it is weakest for" in page.sections["accuracy"]


def test_the_confusion_matrix_holds_the_counts(page: ParsedPage, run: RunFolder) -> None:
    details = TrustProfile.load(run.profile_file)["accuracy"].details
    most = max(n for row in details["confusion"] for n in row)
    text = run.report_file.read_text(encoding="utf-8")
    assert 'class="plot heat-map"' in text
    assert f": {most} of " in text


def test_notes_stand_at_the_top_as_warnings(page: ParsedPage) -> None:
    before_summary = page.text.split("What to do next")[0]
    assert "3 items were also used for validation." in before_summary


def test_other_runs_stand_side_by_side(
    page: ParsedPage, run: RunFolder, scratch: RunFolder
) -> None:
    table = page.sections["beside"]
    for folder in (run, scratch):
        profile = TrustProfile.load(folder.profile_file)
        assert plain(value_of(profile["accuracy"])) in table
        assert plain(interval_of(profile["nll"])) in table
    assert "from-scratch" in table
    assert "random (from scratch)" in table
    assert "129,162" in table
    assert "44 s" in table
    assert "other data" not in table


def test_runs_judged_on_other_data_are_said_not_to_compare(run: RunFolder, tmp_path: Path) -> None:
    other = write_run(tmp_path / "other", evidence=make_evidence(n=50, corruptions=False))
    raw = json.loads(other.profile_file.read_text())
    raw["data"]["fingerprint"] = "00" * 32
    other.profile_file.write_text(json.dumps(raw))
    page = page_of(run, other)
    assert (
        "Judged on other data than this run, so not comparable with it: other."
        in (page.sections["beside"])
    )
    assert "On the same items" not in page.sections["summary"]


def test_runs_of_the_same_name_are_told_apart_by_their_path(run: RunFolder, tmp_path: Path) -> None:
    twin = write_run(tmp_path / "pretrained", evidence=make_evidence(n=50, corruptions=False))
    table = page_of(run, twin).sections["beside"]
    assert str(run.path) in table
    assert str(twin.path) in table


def test_what_was_trained_on_what_is_told(page: ParsedPage) -> None:
    training = page.sections["training"]
    for fact in ("glyphnet", "3f5a" * 16, "Apache-2.0", "lp-ft", "linear-probe", "cached", "1.60"):
        assert fact in training


def test_which_rates_were_tried_and_which_was_taken_is_told(page: ParsedPage) -> None:
    told = (
        "0.0001 for the pretrained layers, chosen on validation data, 50 % of them attacked, from 0.001 and "
        "0.0001 after 40 steps with each"
    )
    assert told in plain(page.sections["training"])


def test_the_data_report_is_shown_with_its_findings(page: ParsedPage) -> None:
    data = page.sections["data"]
    assert "1 item cannot be read and is left out." in data
    assert "broken/0001.jpg" in data
    assert "2 pairs, 1 across splits" in data
    assert "1,257" in data


def test_a_data_report_without_most_of_its_keys_is_shown(run: RunFolder, tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", evaluated=False)
    folder.data_report_file.write_text(json.dumps({"name": "digits", "n": 7}))
    assert "7" in page_of(folder).sections["data"]


def test_methods_references_and_reasons_are_told(page: ParsedPage, as_it_comes: RunFolder) -> None:
    assert "Guo et al. 2017, arXiv:1706.04599" in page.sections["method"]
    assert "https://arxiv.org/abs/1706.04599" in page.attributes("a", "href")
    reasons = page_of(as_it_comes).sections["method"]
    assert "Does not apply: the model was not run on corrupted inputs." in reasons


def test_the_provenance_holds_versions_configuration_and_commands(
    page: ParsedPage, run: RunFolder
) -> None:
    text = page.sections["provenance"]
    for fact in ("2026-10-19T12:30:00", "torch 2.15.0", "strategy: lp-ft", "fp32", "8.4 s"):
        assert fact in text
    assert f"finetrust tune --config {run.path}/config.yaml --out NEW_FOLDER" in text


def test_pictures_lie_inside_the_page(page: ParsedPage) -> None:
    sources = page.attributes("img", "src")
    assert len(sources) == 22 + len(DIGITS), "of decisions, of strips, and a mean heat map a class"
    assert all(re.match(r"data:image/(png|jpeg);base64,[\w+/]+=*$", s) for s in sources)
    assert all(page.attributes("img", "alt"))
    assert "0 taken for 1 with 99.0 % confidence" in page.sections["interpretability"]


@pytest.mark.parametrize("name", ["run", "hostile", "as_it_comes", "unevaluated"])
def test_nothing_is_fetched_and_nothing_runs(name: str, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(name)
    page = page_of(folder)
    loaded = [
        value
        for tag, attrs in page.tags
        for key, value in attrs.items()
        if key in ("src", "srcset", "data", "action", "poster", "background", "xlink:href")
        or (key == "href" and tag != "a")
    ]
    assert all(str(value).startswith("data:") for value in loaded)
    links = page.attributes("a", "href")
    assert all(link.startswith(("#", "https://arxiv.org/abs/")) for link in links)
    assert not {"script", "iframe", "object", "embed", "form"} & {tag for tag, _ in page.tags}
    handlers = [key for _, attrs in page.tags for key in attrs if key.startswith("on")]
    assert handlers == []
    text = folder.report_file.read_text(encoding="utf-8")
    assert "url(" not in text
    assert "@import" not in text
    assert "default-src 'none'" in text


def test_hostile_names_are_shown_and_not_run(hostile: RunFolder) -> None:
    page = page_of(hostile)
    for name, text in page.sections.items():
        if name not in ("curves", "stability", "method"):
            assert "<script>alert(1)</script>" in text, name
    assert page.unbalanced == []
    assert all(attrs.get("src") != "x" for _, attrs in page.tags)
    raw = hostile.report_file.read_text(encoding="utf-8")
    assert "<script" not in raw
    assert "\u202e" not in raw
    assert "\x1b" not in raw


def test_a_model_judged_as_it_comes_has_no_training_to_show(as_it_comes: RunFolder) -> None:
    page = page_of(as_it_comes)
    assert set(page.sections) == set(ALL) - {"beside", "curves"}
    assert "judged as it comes" in page.sections["training"]
    assert "the training data of this model are unknown" in page.sections["summary"]
    told = "3 measures do not apply: the model was not run on corrupted inputs. They are"
    assert told in page.sections["stability"]


def test_many_classes_show_confused_pairs_and_fold_the_strong_ones(as_it_comes: RunFolder) -> None:
    page = page_of(as_it_comes)
    assert "most frequent confusions among 30 classes" in page.sections["accuracy"]
    assert "20 more" in page.sections["accuracy"]
    assert 'class="plot heat-map"' not in as_it_comes.report_file.read_text(encoding="utf-8")


def test_an_unevaluated_run_says_so_and_tells_what_is_known(unevaluated: RunFolder) -> None:
    page = page_of(unevaluated)
    assert set(page.sections) == {"summary", "training", "data", "curves", "provenance"}
    command = f"finetrust evaluate {unevaluated.path}"
    assert f"Not evaluated yet: {command}" in page.sections["summary"]
    assert "94.0 %" in page.sections["summary"]


def test_an_unevaluated_run_beside_an_evaluated_one(run: RunFolder, unevaluated: RunFolder) -> None:
    assert "not evaluated" in page_of(run, unevaluated).sections["beside"]
    assert "does not apply" not in page_of(unevaluated, run).sections["beside"]


def test_a_folder_with_nothing_but_a_profile_is_reported(run: RunFolder, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "bare")
    folder.path.mkdir()
    folder.profile_file.write_text(run.profile_file.read_text())
    page = page_of(folder)
    assert "picture missing" in page.sections["interpretability"]
    assert set(page.attributes("img", "alt")) == {f"Mean heat map of the class {n}" for n in DIGITS}


def test_a_single_class_and_two_items_are_reported(tmp_path: Path) -> None:
    evidence = make_evidence(classes=["only"], n=2, corruptions=False)
    page = page_of(write_run(tmp_path / "run", evidence=evidence, pictures=0))
    assert "Right in about 100 of 100 cases" in page.sections["summary"]
    assert "2 items are few" in page.sections["summary"]


def test_a_coverage_that_few_validation_items_cannot_promise_is_reported(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = [
        f"{i},{split},{'abc'[i % 3]},{p:.3f},{(1 - p) / 2:.3f},{(1 - p) / 2:.3f}\n"
        for split, n in (("val", 12), ("test", 40))
        for i, p in enumerate(rng.random(n))
    ]
    head = "id,split,label,probability_a,probability_b,probability_c\n"
    (tmp_path / "few.csv").write_text(head + "".join(rows))
    finetrust.evaluate(predictions=str(tmp_path / "few.csv"), out=str(tmp_path / "r"), quiet=True)
    run = finetrust.load(tmp_path / "r")
    sizes = run.profile.subsets("conformal_set_size")
    assert {measure.applies for measure in sizes} == {True, False}
    assert "takes 19" in plain(page_of(run.folder).sections["accuracy"])


def test_outputs_that_are_all_nan_are_reported(tmp_path: Path) -> None:
    evidence = make_evidence(n=20, corruptions=False)
    columns = {**evidence.clean.columns, "logits": np.full((20, 10), np.nan)}
    clean = Predictions(evidence.clean.ids, columns)
    folder = write_run(tmp_path / "run", evidence=replace(evidence, clean=clean))
    page = page_of(folder)
    assert "20 items without a finite answer" in page.sections["accuracy"]
    assert "the model returned no finite answer" in page.sections["summary"]


def test_names_that_are_no_text_do_not_keep_the_report_from_being_written(
    unevaluated: RunFolder, tmp_path: Path
) -> None:
    folder = write_run(tmp_path / "run", evaluated=False)
    report = {"n": 1, "unreadable": [{"id": "caf\udce9.jpg", "reason": "broken"}]}
    folder.data_report_file.write_text(json.dumps(report))
    assert "caf\N{REPLACEMENT CHARACTER}.jpg" in page_of(folder).sections["data"]


def test_pictures_outside_the_run_folder_are_not_shown(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", evidence=make_evidence(n=30, corruptions=False))
    (tmp_path / "secret.png").write_bytes((folder.pictures / "000.png").read_bytes())
    raw = json.loads(folder.profile_file.read_text())
    raw["pictures"][0]["file"] = "../secret.png"
    folder.profile_file.write_text(json.dumps(raw))
    page = page_of(folder)
    assert len(page.attributes("img", "src")) == 11
    assert "picture missing" in page.sections["interpretability"]


def test_a_section_is_added_by_registering_it(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    ordered_sections()
    extra = Section("costs", 15, "Costs", lambda data: Markup("<p>It costs little.</p>"))
    monkeypatch.setitem(sections._entries, "costs", extra)
    page = page_of(run)
    assert list(page.sections)[:2] == ["summary", "costs"]
    assert "It costs little." in page.sections["costs"]


def test_gates_are_shown_with_what_came_of_them(run: RunFolder, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "gated")
    shutil.copytree(run.path, folder.path)
    met = Outcome("accuracy", "> 0.5", "passed", "It is.", 0.9, 0.8, 0.95, 100, "%")
    missed = Outcome(HOSTILE, "< 0.1", "failed", "It is not.", 0.4, 0.3, 0.5, 100, "%", "agreed")
    write_gates(folder, GatesResult("gated", "data", (met, missed)))
    shown = page_of(folder).sections["gates"]
    assert "1 of 2 gates passed" in shown
    assert "80" in shown
    assert "It is not. Required because: agreed" in " ".join(shown.split())
    assert HOSTILE in shown
    assert "gates" not in page_of(run).sections


def test_the_hostile_text_is_what_the_tests_think(hostile: RunFolder) -> None:
    assert HOSTILE in json.loads(hostile.profile_file.read_text())["data"]["classes"]


def test_many_measures_of_subgroups_are_folded_into_one_table_a_column(
    page: ParsedPage, run: RunFolder
) -> None:
    text = page.sections["accuracy"]
    assert "Scanner: all measures" in text
    folded = text.split("Scanner: all measures")[1]
    for measure in TrustProfile.load(run.profile_file).measures:
        if measure.subset == "scanner=A" and measure.secondary:
            assert plain(f"{value_of(measure)} {interval_of(measure)}") in folded, measure.key


def test_what_was_found_stands_in_the_summary_with_its_remedy(page: ParsedPage) -> None:
    summary = page.sections["summary"]
    assert "2 evaluation items were also in the training data" in summary
    assert "Remove such copies from one of the two and evaluate again." in summary
    assert summary.index("What to do next") < summary.index("All figures hold for data like")


def test_without_a_finding_one_sentence_says_so(run: RunFolder, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "clean")
    folder.path.mkdir()
    raw = json.loads(run.profile_file.read_text())
    kept = [m for m in raw["measures"] if m["name"] == "accuracy" and not m["subset"]]
    raw["measures"] = [{**m, "ci_low": 0.97, "value": 0.98, "ci_high": 0.99} for m in kept]
    raw["measures"][0]["details"] = {}
    folder.profile_file.write_text(json.dumps(raw))
    assert NOTHING_FOUND in page_of(folder).sections["summary"]


def test_a_profile_of_before_the_questions_is_shown(run: RunFolder, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "old")
    folder.path.mkdir()
    raw = json.loads(run.profile_file.read_text())
    kept = [m for m in raw["measures"] if m["topic"] in ("right", "calibration")]
    new = ("topic", "secondary", "meaning", "share")
    raw["measures"] = [{k: v for k, v in m.items() if k not in new} for m in kept]
    folder.profile_file.write_text(json.dumps(raw))
    text = page_of(folder).sections["accuracy"]
    assert "Is it right?" not in text
    assert plain(value_of(TrustProfile.load(run.profile_file)["accuracy"])) in text
