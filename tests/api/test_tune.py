"""Options that a task would not heed are refused before anything is written."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

import finetrust
from finetrust.config import TuneOptions
from finetrust.models.finetrust_source import WEIGHTS
from finetrust.models.weights_file import read_weights
from finetrust.tasks.task import TASK_OPTIONS, tasks

FOREIGN = {
    "head": "fcos",
    "loss": "dice",
    "pooling": "cls",
    "max_length": 8,
    "sliding_window": True,
}


@pytest.mark.parametrize("option", FOREIGN)
def test_an_option_of_another_task_is_refused(option: str, tmp_path: Path) -> None:
    flag = f"--{option.replace('_', '-')}"
    out = tmp_path / "run"
    with pytest.raises(finetrust.UserError, match=f"{flag} .* means nothing for classification"):
        finetrust.tune(
            "glyphnet", "digits:5", out=str(out), quiet=True, **{option: FOREIGN[option]}
        )
    assert not out.exists()


@pytest.mark.parametrize("name", tasks.names())
def test_every_task_heeds_known_options_only(name: str) -> None:
    assert tasks.get(name).options <= set(TASK_OPTIONS) <= set(TuneOptions.model_fields)


def test_a_task_for_other_inputs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(finetrust.UserError, match="holds images, and text-classification takes"):
        finetrust.tune(
            "glyphnet",
            "digits:5",
            task="text-classification",
            out=str(tmp_path / "run"),
            quiet=True,
        )


def test_what_a_weights_file_holds_beside_the_network_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = {**read_weights(WEIGHTS).tensors, "aux.weight": torch.ones(2)}
    save_file(state, tmp_path / "more.safetensors")
    finetrust.tune(
        "glyphnet",
        "digits:5",
        weights=str(tmp_path / "more.safetensors"),
        mean="0.33,0.33,0.33",
        std="0.34,0.34,0.34",
        strategy="linear-probe",
        precision="fp32",
        epochs=1,
        out=str(tmp_path / "run"),
    )
    told = " ".join(capsys.readouterr().err.split())
    assert "While loading: " in told
    assert "1 tensor of the file is not used: aux.weight." in told
