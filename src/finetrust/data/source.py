"""Where labelled data come from: one file per format, found by what the user names."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Protocol

from finetrust.config import DataColumns, flag_of
from finetrust.core.errors import UserError
from finetrust.core.nearest import did_you_mean
from finetrust.core.registry import Registry
from finetrust.data.dataset import Dataset


@dataclass(frozen=True)
class DataOptions:
    """How a source with columns is read.

    Parameters
    ----------
    path_column, label_column, split_column : str
        The split column may be absent as long as it has its default name.
    group_columns : tuple of str
    label_separator : str or None
        What stands between several labels in one cell.
    text_column : str
    text_pair_column : str or None
    ignore_index : int or None
        Value of a mask that stands for no class.
    task : str or None
        The task that the user wants the data for.
    """

    path_column: str = "path"
    label_column: str = "label"
    split_column: str = "split"
    group_columns: tuple[str, ...] = ()
    label_separator: str | None = None
    text_column: str = "text"
    text_pair_column: str | None = None
    ignore_index: int | None = None
    task: str | None = None

    @classmethod
    def of(cls, options: DataColumns) -> "DataOptions":
        """Return what the options of a command say about columns."""
        return cls.of_mapping(options.model_dump())

    @classmethod
    def of_mapping(cls, config: Mapping[str, Any]) -> "DataOptions":
        """Return what the ``config.yaml`` of a run says about columns."""
        known = {field.name: config[field.name] for field in fields(cls) if field.name in config}
        columns = [*config.get("group_columns", ()), *config.get("protected_columns", ())]
        return cls(**{**known, "group_columns": tuple(dict.fromkeys(columns))})


class Heeding(Protocol):
    """A kind of data that some options mean something for."""

    noun: str
    """What such data are called: ``"a folder of images"``."""

    heeds: frozenset[str]
    """Which of the `DataOptions` it heeds, the task aside; another one that is given is refused."""


class Format(Heeding, Protocol):
    """One format. ``rank`` orders the formats when several accept a name; the lowest opens it."""

    rank: int

    tasks: tuple[str, ...]
    """The tasks that its data are for; empty where they may be for any."""

    def names(self) -> list[str]:
        """Return the data sets that this format knows by name."""
        ...

    def accepts(self, name: str) -> bool:
        """Return whether `name` is a source of this format."""
        ...

    def open(self, name: str, options: DataOptions) -> Dataset:
        """Return the data set; no input is decoded yet.

        Raises
        ------
        UserError
            If it cannot be had or is not as expected; the text says where and what to do.
        """
        ...


_FLAGS = {"group_columns": "--group-columns (or --protected-columns)"}

formats: Registry[Format] = Registry("data format", "finetrust.data")


def open_dataset(
    source: str | Path | Dataset, options: DataOptions | None = None, *, others: bool = False
) -> Dataset:
    """Return the data set that the user named; what lies on disk goes before names.

    Parameters
    ----------
    source : str, Path or Dataset
        Folder, table, torchvision name, ``hf:NAME`` or ``digits``; a data set is returned as it is.
    options : DataOptions, optional
    others : bool
        Whether `options` were given for other data: those that mean nothing here are left out.

    Raises
    ------
    UserError
        If no format accepts it (the nearest name is suggested), its format cannot open it, or an
        option means nothing for it.
    """
    if isinstance(source, Dataset):
        return source
    name = str(source)
    chosen = options or DataOptions()
    for _, data_format in sorted(formats.items(), key=lambda item: item[1].rank):
        unfit = chosen.task and data_format.tasks and chosen.task not in data_format.tasks
        if not unfit and data_format.accepts(name):
            if others:
                chosen = _heeded(data_format.heeds, chosen)
            refuse_unheeded(chosen, data_format, [known for _, known in formats.items()])
            return data_format.open(name, chosen)
    path = Path(name).expanduser()
    if path.is_file():
        raise UserError(
            f"{name} is no data set: expected a folder of class folders or a table",
            "Give a folder, or a .csv, .tsv, .parquet or .jsonl file.",
        )
    known = [known for _, data_format in formats.items() for known in data_format.names()]
    raise UserError(f"{name} does not exist", _nearest(path, known))


def refuse_unheeded(options: DataOptions, kind: Heeding, kinds: Iterable[Heeding]) -> None:
    """Raise UserError for an option that is given and means nothing for this kind of data.

    Parameters
    ----------
    options : DataOptions
    kind : Heeding
    kinds : iterable of Heeding
        Those that could be given instead.
    """
    for option in fields(options):
        name = option.name
        if name not in {*kind.heeds, "task"} and getattr(options, name) != option.default:
            others = [other.noun for other in kinds if name in other.heeds]
            raise UserError(
                f"{_FLAGS.get(name) or flag_of(name)} means nothing for {kind.noun}",
                f"Leave it out, or give {' or '.join(others)}.",
            )


def _heeded(heeds: Collection[str], options: DataOptions) -> DataOptions:
    known = {name: getattr(options, name) for name in (*heeds, "task")}
    return DataOptions(**known)


def _nearest(path: Path, known: list[str]) -> str:
    """Return the mend: the nearest sibling of the first missing part of `path`, or known name."""
    missing = path
    while missing.parent != missing and not missing.parent.is_dir():
        missing = missing.parent
    siblings = sorted(p.name for p in missing.parent.iterdir()) if missing.parent.is_dir() else []
    suggestion = did_you_mean(missing.name, siblings)
    if suggestion and missing.parent != Path():
        suggestion = suggestion.replace("'", f"'{missing.parent}/", 1)
    if not suggestion and path.parent == Path():
        suggestion = did_you_mean(path.name, known)
    return suggestion or (
        "Give a folder of class folders, a .csv, .parquet or .jsonl table, hf:NAME, or one of "
        f"{', '.join(sorted(known))}."
    )
