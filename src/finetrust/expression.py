"""Names joined by a plus, with settings in brackets: ``lp-ft + delta(weight=2) + ema``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from finetrust.config import Options, make_options
from finetrust.core.errors import UserError
from finetrust.core.nearest import did_you_mean

Kind = TypeVar("Kind", bound=Options)

_PLUS = re.compile(r"\+(?![^(]*\))")
_PART = re.compile(r"([^()\s]+)\s*(?:\(([^()]*)\))?")


@dataclass(frozen=True)
class Term:
    """One name of an expression.

    Parameters
    ----------
    name : str
    settings : mapping of str to str
        What stands in brackets behind it, by names with underscores.
    """

    name: str
    settings: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        inside = ", ".join(f"{key}={value}" for key, value in sorted(self.settings.items()))
        return f"{self.name}({inside})" if inside else self.name


@dataclass(frozen=True)
class Expression:
    """What a user wrote, in its parts.

    Parameters
    ----------
    said : str
        What it is and how it was written, to begin an error with: ``strategy 'full + ema'``.
    terms : tuple of Term
        At least one.
    """

    said: str
    terms: tuple[Term, ...]

    def __str__(self) -> str:
        return " + ".join(map(str, self.terms))

    def options(self, term: Term, kind: type[Kind]) -> Kind:
        """Return the settings of a term as options.

        Raises
        ------
        UserError
            For a setting that does not exist (the nearest is suggested) or is out of range.
        """
        unknown = next((key for key in term.settings if key not in kind.model_fields), None)
        if unknown is not None:
            known = f"Settings of {term.name}: {', '.join(kind.model_fields) or 'none'}."
            raise UserError(
                f"{self.said}: {term.name} has no setting '{unknown}'",
                f"{did_you_mean(unknown, kind.model_fields)} {known}".strip(),
            )
        return make_options(kind, term.settings)


def read_expression(text: str, what: str, form: str) -> Expression:
    """Return the parts of an expression; nothing is known yet of its names.

    Parameters
    ----------
    text : str
    what : str
        What is spelled by it, such as ``"strategy"``.
    form : str
        How to write it, as a sentence.

    Raises
    ------
    UserError
        For an expression of another form.
    """
    said = f"{what} '{text}'"
    return Expression(said, tuple(_term(part.strip(), said, form) for part in _PLUS.split(text)))


def _term(part: str, said: str, form: str) -> Term:
    found = _PART.fullmatch(part)
    if found is None:
        raise UserError(f"{said}: '{part}' is no name", form)
    settings: dict[str, str] = {}
    for pair in filter(str.strip, (found[2] or "").split(",")):
        key, equals, value = (side.strip() for side in pair.partition("="))
        if not (key and equals and value) or key in settings:
            raise UserError(f"{said}: '{pair.strip()}' sets nothing", form)
        settings[key.replace("-", "_")] = value
    return Term(found[1], settings)
