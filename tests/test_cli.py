"""The command line as a person uses it: the main path, and one line for everything that can be mended."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.models import resnet18

from finetrust.cli import main


def run_cli(capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch, *words: object):
    """Return exit code, standard output and standard error of a command."""
    monkeypatch.setattr(sys, "argv", ["finetrust", *map(str, words)])
    code = 0
    try:
        main()
    except SystemExit as stop:
        code = int(stop.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture
def cli(capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    return lambda *words: run_cli(capsys, monkeypatch, *words)


def stripes(folder: Path, classes: int = 2, each: int = 12) -> Path:
    """Write images of stripes whose direction is the class."""
    rng = np.random.default_rng(0)
    for label in range(classes):
        (folder / f"class{label}").mkdir(parents=True)
        for number in range(each):
            wave = 127 + 100 * np.sin(np.arange(32) * rng.uniform(0.5, 1.5) + rng.uniform(0, 6))
            image = np.tile(wave, (32, 1)) if label else np.tile(wave, (32, 1)).T
            noisy = (image[..., None] + rng.normal(0, 20, (32, 32, 3))).clip(0, 255)
            path = folder / f"class{label}" / f"{number}.jpg"
            Image.fromarray(noisy.astype(np.uint8)).save(path, quality=95)
    return folder


def test_tune_evaluate_report_predict_one_after_the_other(cli, tmp_path: Path) -> None:
    data = stripes(tmp_path / "data", each=20)
    code, _, err = cli(
        "tune", "--model", "glyphnet", "--data", data, "--out", "runs/a", "--epochs", 2
    )
    assert code == 0, err
    assert "Next: finetrust evaluate runs/a" in err
    code, out, err = cli("evaluate", "runs/a", "--corruptions", "contrast", "--severities", "1,5")
    assert code == 0, err
    assert "Accuracy" in out
    code, _, err = cli("report", "runs/a")
    assert code == 0, err
    assert (tmp_path / "runs/a/report.html").exists()
    assert (tmp_path / "runs/a/model_card.md").exists()
    code, out, _ = cli("predict", "runs/a", data / "class1", data / "class0/0.jpg", "--json", "-q")
    assert code == 0
    found = json.loads(out)
    assert len(found) == 21
    assert {f["class"] for f in found[:20]} == {"class1"}
    code, out, err = cli("predict", "runs/a", data / "class0", "-q")
    assert code == 0
    assert err == ""
    assert out.count("class0") >= 20


def test_options_and_configuration_file_are_the_same(cli, tmp_path: Path) -> None:
    data = stripes(tmp_path / "data")
    (tmp_path / "run.yaml").write_text(
        f"model: glyphnet\ndata: {data}\nstrategy: linear-probe\nepochs: 2\nout: runs/file\n"
        "learning-rate: 0.02\ngroup_columns: []\nlabel-smoothing: 0.1\n"
    )
    assert cli("tune", "--config", "run.yaml", "-q")[0] == 0
    words = "tune --model glyphnet --strategy linear-probe --epochs 2 --learning-rate 0.02"
    words += f" --label-smoothing 0.1 --out runs/words -q --data {data}"
    assert cli(*words.split())[0] == 0
    one, other = (tmp_path / "runs" / n / "model/weights.safetensors" for n in ("file", "words"))
    assert one.read_bytes() == other.read_bytes()
    code, _, err = cli("tune", "--config", "runs/words/config.yaml", "--out", "runs/again", "-q")
    assert (code, err) == (0, "")
    again = tmp_path / "runs/again/model/weights.safetensors"
    assert again.read_bytes() == one.read_bytes()


INTERRUPTED = """
import signal

def build():
    signal.raise_signal(signal.SIGINT)
"""


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A shell has what it starts in the background ignore interrupts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("tune", "--model"), "interrupted; the run goes on with --resume"),
        (("select", "--models"), "interrupted; the same command goes on"),
        (("evaluate", "--model"), "interrupted"),
    ],
)
def test_who_interrupts_a_command_is_told_how_it_goes_on(cli, tmp_path: Path, words, said) -> None:
    (tmp_path / "nets.py").write_text(INTERRUPTED)
    code, _, err = cli(*words, "nets.py:build", "--data", "digits:5", "-q")
    assert (code, err) == (130, f"{said}\n")


class Evil:
    def __reduce__(self):
        return os.system, ("touch executed",)


def bad_inputs(tmp_path: Path) -> dict[str, tuple[list[object], str]]:
    """Return for each mistake the command and what its error must say."""
    data = stripes(tmp_path / "data")
    (tmp_path / "empty").mkdir()
    stripes(tmp_path / "single", classes=1)
    torch.save({"state_dict": resnet18().state_dict()}, tmp_path / "other.pth")
    torch.save({"state_dict": Evil()}, tmp_path / "evil.pth")
    (tmp_path / "run.yaml").write_text(f"model: glyphnet\ndata: {data}\nepoch: 3\n")
    (tmp_path / "file").write_text("")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("mine")

    def tune(*words: object) -> list[object]:
        given = dict(zip(words[::2], words[1::2], strict=True))
        every = {"--model": "glyphnet", "--data": data, "--out": "runs/x", **given}
        return ["tune", *(w for pair in every.items() for w in pair)]

    return {
        "missing folder": (tune("--data", tmp_path / "dta"), "dta"),
        "empty folder": (tune("--data", tmp_path / "empty"), "empty"),
        "one class only": (tune("--data", tmp_path / "single"), "one class"),
        "unknown model": (tune("--model", "resnet5O"), "Did you mean 'resnet50'?"),
        "unknown strategy": (tune("--strategy", "linear-prob"), "Did you mean 'linear-probe'?"),
        "unknown task": (tune("--task", "clasification"), "Did you mean 'classification'?"),
        "other architecture": (
            tune("--weights", tmp_path / "other.pth", "--mean", "0,0,0", "--std", "1,1,1"),
            "another architecture",
        ),
        "unknown normalisation": (tune("--weights", tmp_path / "other.pth"), "--mean"),
        "pickle with code": (tune("--weights", tmp_path / "evil.pth"), "never run"),
        "missing weights": (tune("--weights", "othr.pth"), "Did you mean 'other.pth'?"),
        "nan learning rate": (tune("--learning-rate", "nan"), "learning_rate"),
        "negative epochs": (tune("--epochs", "-1"), "epochs"),
        "word for a number": (tune("--epochs", "many"), "epochs"),
        "unknown key": (["tune", "--config", "run.yaml"], "Did you mean 'epochs'?"),
        "one number for three": (tune("--mean", "0.5"), "--mean"),
        "flag with a dash": (tune("--label-smoothing", "2"), "--label-smoothing"),
        "unknown calibration": (tune("--calibration", "temprature"), "Choose --calibration"),
        "no run to resume": (["tune", "--out", "runs/none", "--resume"], "no run to go on with"),
        "no models": (["select", "--data", data, "--models", ""], "no models to choose from"),
        "no items": (
            ["select", "--data", data, "--models", "glyphnet", "--items", "1", "-q"],
            "--items 1 is too few",
        ),
        "missing config": (["tune", "--config", "no.yaml"], "no.yaml"),
        "unwritable output": (tune("--out", tmp_path / "file" / "run"), "cannot be written"),
        "output is a file": (tune("--out", tmp_path / "file"), "is a file"),
        "output of others": (tune("--out", tmp_path / "other"), "holds other files"),
        "no model": (["tune", "--data", data], "--model"),
        "no data": (["tune", "--model", "glyphnet"], "--data"),
        "unknown device": (tune("--device", "gpu7"), "gpu7"),
        "no run": (["evaluate", "runs/none"], "is no run folder"),
        "nothing to judge": (["evaluate", "--data", data], "--model"),
        "no report": (["report", tmp_path / "other"], "is no run folder"),
    }


def test_every_mistake_is_one_line_with_the_mend_and_nothing_is_written(
    cli, tmp_path: Path
) -> None:
    failures = []
    for mistake, (words, expected) in bad_inputs(tmp_path).items():
        before = sorted(p for p in tmp_path.rglob("*"))
        code, out, err = cli(*words)
        lines = err.strip().splitlines()
        good = (
            code == 2
            and out == ""
            and len(lines) == 1
            and lines[0].startswith("error: ")
            and expected in lines[0]
            and sorted(p for p in tmp_path.rglob("*")) == before
        )
        if not good:
            failures.append((mistake, code, out, err[-600:]))
    assert not failures
    assert not (tmp_path / "executed").exists()


def test_the_output_folder_of_another_run_is_refused(cli, tmp_path: Path) -> None:
    data = stripes(tmp_path / "data")
    words = ["tune", "--model", "glyphnet", "--data", data, "--out", "runs/a", "--epochs", 1, "-q"]
    assert cli(*words)[0] == 0
    code, _, err = cli(*words)
    assert code == 2
    assert err == (
        "error: runs/a holds another run. Choose another folder with --out, or go on with that run: "
        "--resume.\n"
    )


def test_an_option_that_does_not_exist_exits_with_two(cli) -> None:
    code, _, err = cli("tune", "--epoch", 3)
    assert code == 2
    assert "--epochs" in err


def test_a_truncated_image_among_a_thousand_is_named_skipped_and_counted(
    cli, tmp_path: Path
) -> None:
    data = stripes(tmp_path / "data", each=500)
    victim = data / "class1" / "77.jpg"
    victim.write_bytes(victim.read_bytes()[:-300])
    words = ["tune", "--model", "glyphnet", "--data", data, "--strategy", "linear-probe"]
    code, _, err = cli(*words, "--epochs", 1, "--out", "runs/a")
    assert code == 0, err
    assert "class1/77.jpg" in err
    report = json.loads((tmp_path / "runs/a/data/report.json").read_text())
    assert [u["id"] for u in report["unreadable"]] == ["class1/77.jpg"]
    record = json.loads((tmp_path / "runs/a/run.json").read_text())["data"]
    assert record["n_train"] + record["n_val"] + record["n_test"] == 999
    code, _, err = cli(*words, "--out", "runs/b", "--on-error", "fail")
    assert code == 2
    assert "class1/77.jpg" in err
    assert not (tmp_path / "runs/b").exists()


def test_importing_and_asking_for_help_do_not_load_torch() -> None:
    script = "import sys, finetrust, finetrust.cli; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0


def test_help_names_every_option_with_its_default(cli) -> None:
    code, out, _ = cli("tune", "--help")
    assert code == 0
    for text in ("--strategy", "[default: lp-ft]", "--learning-rate", "--cache", "--resume"):
        assert text in out
    assert cli("--version")[1].startswith("finetrust 0.")
