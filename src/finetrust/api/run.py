"""A run: a fine-tuned model in its folder, and what can be done with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from finetrust.core.errors import UserError
from finetrust.core.nearest import did_you_mean
from finetrust.core.profile import TrustProfile
from finetrust.core.run_folder import RunFolder
from finetrust.models import saved

if TYPE_CHECKING:
    from finetrust.data.dataset import Dataset
    from finetrust.gates.gate import GatesResult


@dataclass(frozen=True)
class Run:
    """A run folder with its model.

    Parameters
    ----------
    folder : RunFolder
    module : nn.Module, optional
        The architecture, where the run was started with a module given in Python.
    allow_code : str, optional
        The ``FILE.py:FUNCTION`` that may be run to build the architecture.
    """

    folder: RunFolder
    module: nn.Module | None = field(default=None, repr=False)
    allow_code: str | None = None

    @property
    def path(self) -> Path:
        """The run folder."""
        return self.folder.path

    @cached_property
    def model(self) -> saved.SavedModel:
        """The fine-tuned network with its classes, preprocessing and calibration."""
        if not self.folder.model.exists():
            raise UserError(
                f"{self.path} holds predictions, and no model", "Give the folder of a tuned run."
            )
        return saved.load(self.folder.model, self.module, self.allow_code)

    @property
    def profile(self) -> TrustProfile:
        """The trust profile of the last evaluation."""
        return TrustProfile.load(self.folder.profile_file)

    @property
    def gates(self) -> "GatesResult | None":
        """What came of gates on the last evaluation; None where there were none."""
        from finetrust.gates.files import gates_result

        return gates_result(self.folder)

    def evaluate(self, data: "str | Path | Dataset | None" = None, **options: Any) -> TrustProfile:
        """Prove how far the model can be trusted; see :func:`finetrust.evaluate`."""
        from finetrust.api.evaluate import evaluate

        return evaluate(self, data, **options)

    def predict(self, *inputs: str | Path, **options: Any) -> list[dict[str, Any]]:
        """Predict images or texts, e.g. with sets: ``run.predict("photos", coverage=0.95)``.

        Options are those of :func:`finetrust.predict`.
        """
        from finetrust.api.predict import predict

        return predict(self, *inputs, **options)

    def check_gates(self, gates: "str | Path | Mapping[str, Any]") -> "GatesResult":
        """Judge the last evaluation by requirements; see :func:`finetrust.check_gates`."""
        from finetrust.api.gates import check_gates

        return check_gates(self, gates)

    def report(self, beside: "Sequence[Run | str | Path]" = ()) -> Path:
        """Write the report and the model card; see :func:`finetrust.report`."""
        from finetrust.api.report import report

        return report(self, beside=beside)


def load(
    path: str | Path, *, module: nn.Module | None = None, allow_code: str | None = None
) -> Run:
    """Open a run folder.

    Parameters
    ----------
    path : str or Path
    module : nn.Module, optional
        The architecture, where the run was started with a module given in Python.
    allow_code : str, optional
        The ``FILE.py:FUNCTION`` that may be run to build the architecture.

    Raises
    ------
    UserError
        If `path` is no run folder, or the run was never finished.
    """
    folder = RunFolder(Path(path))
    if not folder.record_file.exists():
        siblings = [str(p.parent) for p in folder.path.parent.glob("*/run.json")]
        raise UserError(
            f"{path} is no run folder",
            did_you_mean(str(path), siblings) or "Give the folder that finetrust tune wrote.",
        )
    if folder.record.get("status") != "finished":
        made_by = folder.record.get("command")
        raise UserError(
            f"{path}: this run is not finished",
            f"Delete the folder and make it again: {made_by}"
            if made_by
            else f"Go on with it: finetrust tune --resume --out {path}",
        )
    return Run(folder, module, allow_code)
