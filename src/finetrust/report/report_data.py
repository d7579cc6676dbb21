"""What a report is made from: everything a run folder knows, read once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from finetrust.core.profile import TrustProfile
from finetrust.core.run_folder import RunFolder
from finetrust.gates.files import gates_result
from finetrust.gates.gate import GatesResult
from finetrust.report.judged import noun_of
from finetrust.report.names import model_title
from finetrust.report.picture_files import data_uris
from finetrust.report.strips import files_of


@dataclass(frozen=True)
class ReportData:
    """The records of one run, and of those that are shown beside it; a pure value.

    Parameters
    ----------
    path : str
        The run folder as the user wrote it.
    name : str
        The last part of it, or all of it where runs shown together have the same last part.
    record : mapping
        ``run.json``; empty if there is none.
    config : str
        ``config.yaml`` as it stands; empty if there is none.
    data_report : mapping or None
    log : sequence of mapping
        One event an epoch.
    profile : TrustProfile or None
        None before the first evaluation.
    pictures : mapping of str to str
        ``data:`` addresses of the profile's pictures by their file name.
    gates : GatesResult or None
        What came of the requirements on the last evaluation, if there were any.
    beside : tuple of ReportData
        Other runs.
    """

    path: str
    name: str
    record: Mapping[str, Any] = field(default_factory=dict)
    config: str = ""
    data_report: Mapping[str, Any] | None = None
    log: Sequence[Mapping[str, Any]] = ()
    profile: TrustProfile | None = None
    pictures: Mapping[str, str] = field(default_factory=dict)
    gates: GatesResult | None = None
    beside: "tuple[ReportData, ...]" = ()

    @classmethod
    def read(
        cls, folder: RunFolder, beside: Sequence[RunFolder] = (), with_pictures: bool = True
    ) -> "ReportData":
        """Read a run folder; of runs beside it everything but the pictures."""
        profile = TrustProfile.load(folder.profile_file) if folder.profile_file.exists() else None
        pictures = profile.pictures if profile and with_pictures else ()
        config = folder.config_file
        others = tuple(cls.read(other, with_pictures=False) for other in beside)
        name = folder.path.resolve().name
        if len({name, *(other.name for other in others)}) <= len(others):
            name = str(folder.path)
            others = tuple(replace(other, name=other.path) for other in others)
        return cls(
            path=str(folder.path),
            name=name,
            record=folder.record,
            config=config.read_text(encoding="utf-8") if config.exists() else "",
            data_report=folder.data_report,
            log=folder.log,
            profile=profile,
            pictures=data_uris(folder.path, files_of(pictures)),
            gates=gates_result(folder),
            beside=others,
        )

    @property
    def model(self) -> Mapping[str, Any]:
        """Provenance of the model, from the profile and from what tuning recorded."""
        return {**self.record.get("model", {}), **(self.profile.model if self.profile else {})}

    @property
    def strategy(self) -> str:
        """The strategy it was tuned with; ``none`` for a model as it comes, empty if unknown."""
        return str(self.record.get("strategy") or self.model.get("strategy") or "")

    @property
    def tuned(self) -> bool:
        """Whether finetrust tuned it, so that there is something to tell of training."""
        return self.strategy not in ("", "none")

    @property
    def phases(self) -> Sequence[Mapping[str, Any]]:
        """The phases of training, in their order."""
        return self.record.get("phases", ())

    @property
    def data_name(self) -> str:
        """What the data are called: those it was judged on, or else tuned on."""
        judged = self.profile.data.get("name") if self.profile else None
        return str(judged or self.record.get("data", {}).get("name") or "")

    @property
    def inputs(self) -> str:
        """What its inputs are called, in the plural; ``items`` where that is not known."""
        return noun_of(self.profile.data if self.profile else self.data_report or {})

    @property
    def title(self) -> str:
        """The model and the data in one line."""
        model = model_title(self.model)
        return f"{model} on {self.data_name}" if self.data_name else model
