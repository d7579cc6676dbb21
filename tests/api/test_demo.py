"""The demo shows transfer for real."""

from pathlib import Path

import finetrust


def test_the_demo_shows_that_the_pretrained_network_beats_the_one_from_scratch(
    tmp_path: Path,
) -> None:
    run = finetrust.demo(tmp_path / "demo", quiet=True)
    scratch = finetrust.load(tmp_path / "demo" / "scratch")
    epochs = [sum(p["epochs"] for p in r.folder.record["phases"]) for r in (run, scratch)]
    assert epochs[0] == epochs[1]
    assert run.folder.record["data"] == scratch.folder.record["data"]
    assert run.profile["accuracy"].ci_low > scratch.profile["accuracy"].ci_high
    page = run.folder.report_file.read_text(encoding="utf-8")
    assert f"{run.profile['accuracy'].value:.1%}"[:-1] in page
    assert f"{scratch.profile['accuracy'].value:.1%}"[:-1] in page
