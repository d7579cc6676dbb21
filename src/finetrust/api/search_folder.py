"""The folder of a search: its options, its space, its storage, its trials, and what was found."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from finetrust.config import SearchOptions
from finetrust.core.atomic import write_text
from finetrust.core.errors import UserError
from finetrust.report.search_page import write_search_page
from finetrust.tuning.search.search import FILE, Search
from finetrust.tuning.search.space import Space


@dataclass(frozen=True)
class SearchFolder:
    """The paths inside the folder of a search, and how its records are read and written.

    ====================  ==========================================================
    ``options.yaml``      the options the search was started with
    ``space.yaml``        what it varies; can be changed and given to another search
    ``search.db``         the trials in Optuna's storage, unless a server keeps them
    ``trials/NUMBER``     the run of each trial
    ``search.json``       what was found; ``search.html`` the same for people
    ``best.yaml``         the options of ``finetrust tune`` that train the best point
    ====================  ==========================================================
    """

    path: Path

    @property
    def options_file(self) -> Path:
        return self.path / "options.yaml"

    @property
    def space_file(self) -> Path:
        return self.path / "space.yaml"

    def trial(self, number: int) -> Path:
        """Return the run folder of a trial."""
        return self.path / "trials" / f"{number:03d}"

    def storage(self) -> str:
        """Return the URL of the storage in this folder."""
        from sqlalchemy.engine import URL

        file = str(self.path.resolve() / "search.db")
        return URL.create("sqlite", database=file).render_as_string(hide_password=False)

    def options(self) -> dict[str, Any]:
        """Return the options that were given when the search began; none if there is no search."""
        if not self.options_file.exists():
            return {}
        return yaml.safe_load(self.options_file.read_text(encoding="utf-8"))

    def finals(self) -> tuple[dict[str, Any], ...]:
        """Return the points that were trained for good so far."""
        if not (self.path / FILE).exists():
            return ()
        return tuple(dict(final) for final in Search.load(self.path).finals)

    def check(self, resume: bool) -> None:
        """Raise UserError if the folder holds what is not to be gone on with."""
        if self.path.exists() and not self.path.is_dir():
            raise UserError(f"{self.path} is a file", "Choose another folder with --out.")
        if self.options_file.exists() and not resume:
            raise UserError(
                f"{self.path} holds another search",
                "Choose another folder with --out, or go on with that search: --resume.",
            )
        if self.path.exists() and not self.options_file.exists() and any(self.path.iterdir()):
            raise UserError(
                f"{self.path} holds other files and no search",
                "Choose an empty or new folder with --out.",
            )

    def keep(self, options: SearchOptions, space: Space) -> None:
        """Write the options, without a password, and the space.

        Raises
        ------
        UserError
            If the folder cannot be written.
        """
        known = options.model_dump(mode="json", exclude_unset=True, exclude={"out", "space"})
        if known.get("storage") and _has_password(known["storage"]):
            del known["storage"]
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                f"{self.path} cannot be written ({error.strerror})",
                "Choose another folder with --out.",
            ) from error
        write_text(self.options_file, yaml.safe_dump(known, sort_keys=False))
        write_text(self.space_file, yaml.safe_dump(space.to_dict(), sort_keys=False))

    def write(self, search: Search) -> None:
        """Write what was found, for programs and for people."""
        search.save()
        if search.finished:
            best = yaml.safe_dump(search.config(search.best()), sort_keys=False)
            write_text(self.path / "best.yaml", best)
        write_search_page(search)


def _has_password(url: str) -> bool:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(url).password is not None
    except ArgumentError:
        return False
