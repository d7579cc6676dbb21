"""The run folder: everything needed to load, reproduce, compare and ship one fine-tuned model."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetrust.core.atomic import write_json, write_text
from finetrust.core.errors import UserError


@dataclass(frozen=True)
class RunFolder:
    """The paths inside a run folder, and how its records are read and written.

    ====================  ==========================================================
    ``config.yaml``       the options the run was started with
    ``run.json``          what was decided and measured while tuning (see ``record``)
    ``data/report.json``  the data report; ``data/index.parquet`` the content hashes
    ``model/``            weights (safetensors), architecture, preprocessing, classes
    ``baseline/``         the plain model that was fitted to the same training data, if any
    ``checkpoints/``      what a killed run resumes from; gone once it is finished
    ``predictions/``      one Parquet file per split and perturbation
    ``familiarity/``      by what it is told which inputs are unfamiliar
    ``repeats/``          the same training again, with other seeds and other samples of the data
    ``pictures/``         explanations
    ``log.jsonl``         one line per epoch
    ``trust.json``        the trust profile; ``report.html`` and ``model_card.md`` from it
    ====================  ==========================================================
    """

    path: Path

    @property
    def config_file(self) -> Path:
        return self.path / "config.yaml"

    @property
    def record_file(self) -> Path:
        return self.path / "run.json"

    @property
    def data_report_file(self) -> Path:
        return self.path / "data" / "report.json"

    @property
    def data_index_file(self) -> Path:
        return self.path / "data" / "index.parquet"

    @property
    def model(self) -> Path:
        return self.path / "model"

    @property
    def baseline(self) -> Path:
        return self.path / "baseline"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def predictions(self) -> Path:
        return self.path / "predictions"

    @property
    def familiarity(self) -> Path:
        return self.path / "familiarity"

    @property
    def repeats(self) -> Path:
        return self.path / "repeats"

    @property
    def pictures(self) -> Path:
        return self.path / "pictures"

    @property
    def log_file(self) -> Path:
        return self.path / "log.jsonl"

    @property
    def profile_file(self) -> Path:
        return self.path / "trust.json"

    @property
    def report_file(self) -> Path:
        return self.path / "report.html"

    @property
    def config(self) -> dict[str, Any]:
        """The options the run was started with."""
        import yaml

        return yaml.safe_load(self.config_file.read_text(encoding="utf-8"))

    def write_config(self, config: Mapping[str, Any]) -> None:
        import yaml

        write_text(self.config_file, yaml.safe_dump(dict(config), sort_keys=False))

    @property
    def record(self) -> dict[str, Any]:
        """What was decided and measured while tuning; empty before anything was recorded."""
        return _read_json(self.record_file) if self.record_file.exists() else {}

    def write_record(self, **facts: Any) -> None:
        """Add `facts` to the record."""
        write_json(self.record_file, {**self.record, **facts})

    @property
    def data_report(self) -> dict[str, Any] | None:
        """The data report as JSON values, or None if the run has none."""
        return _read_json(self.data_report_file) if self.data_report_file.exists() else None

    @property
    def log(self) -> list[dict[str, Any]]:
        """The lines of the log; a line cut off by a kill is left out."""
        if not self.log_file.exists():
            return []
        lines = self.log_file.read_text(encoding="utf-8").splitlines()
        return [line for line in map(_json_or_none, lines) if line is not None]

    def append_log(self, **event: Any) -> None:
        with self.log_file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(event) + "\n")

    def drop_checkpoints(self) -> None:
        """Remove what only an unfinished run needs."""
        shutil.rmtree(self.checkpoints, ignore_errors=True)

    def truncate_log(self, lines: int) -> None:
        """Keep the first `lines` events: what a resumed run repeats is not logged twice."""
        kept = "".join(json.dumps(event) + "\n" for event in self.log[:lines])
        write_text(self.log_file, kept)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(
            f"{path}: cannot be read ({error})", "Restore the file or run the command again."
        ) from error


def _json_or_none(line: str) -> dict[str, Any] | None:
    try:
        return json.loads(line)
    except ValueError:
        return None
