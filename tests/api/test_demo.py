"""The demo shows transfer for real."""

import os
from pathlib import Path

import finetrust


def test_the_demo_shows_that_the_pretrained_network_beats_the_one_from_scratch(
    tmp_path: Path,
) -> None:
    # Where the command of the README has just made it, it is not made again.
    made = os.environ.get("FINETRUST_DEMO")
    run = (
        finetrust.load(Path(made) / "pretrained")
        if made
        else finetrust.demo(tmp_path / "demo", quiet=True)
    )
    scratch = finetrust.load(run.folder.path.parent / "scratch")
    epochs = [sum(p["epochs"] for p in r.folder.record["phases"]) for r in (run, scratch)]
    assert epochs[0] == epochs[1]
    assert run.folder.record["data"] == scratch.folder.record["data"]
    assert run.profile["accuracy"].ci_low > scratch.profile["accuracy"].ci_high
    page = run.folder.report_file.read_text(encoding="utf-8")
    assert f"{run.profile['accuracy'].value:.1%}"[:-1] in page
    assert f"{scratch.profile['accuracy'].value:.1%}"[:-1] in page
