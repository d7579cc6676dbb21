"""A candidate: one pretrained model of those that a selection chooses from, as the user names it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from finetrust.config import ModelOptions, make_options
from finetrust.core.errors import UserError
from finetrust.selection.patterns import expanded

Given = str | Mapping[str, Any]
"""A name (``resnet50``, ``NAME@FILE``, ``timm:top20@25MB``) or the options of a model by name."""


@dataclass(frozen=True)
class Candidate:
    """One candidate.

    Parameters
    ----------
    name : str
        What it is called in tables: as the user wrote it.
    options : mapping
        The fields of :class:`finetrust.config.ModelOptions` that ``finetrust tune`` takes to get it.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def model_options(self) -> ModelOptions:
        """Return the options, validated."""
        return make_options(ModelOptions, self.options)


def candidates_of(models: Iterable[Given], shared: Mapping[str, Any]) -> list[Candidate]:
    """Return the candidates that the user names, each once, in their order.

    Parameters
    ----------
    models : iterable of str or mapping
        ``NAME@WEIGHTS`` is a model with the weights of a file (or ``NAME@random``); a pattern stands
        for several models; a mapping holds options such as ``model``, ``weights`` and ``mean``.
    shared : mapping
        Options that hold for every candidate which does not state its own.

    Raises
    ------
    UserError
        For an unknown option, a pattern that stands for nothing, or no model at all.
    """
    given: list[Mapping[str, Any]] = []
    for model in models:
        for own in _read(model):
            if own not in given:
                given.append(own)
    if not given:
        raise UserError(
            "no models to choose from", "Name them: --models resnet18,mobilenetv3_small_100"
        )
    titles = Counter(_title(own, short=True) for own in given)
    found = [
        Candidate(_title(own, titles[_title(own, short=True)] == 1), {**shared, **own})
        for own in given
    ]
    for candidate in found:
        candidate.model_options()
    return found


def _read(given: Given) -> Sequence[Mapping[str, Any]]:
    if isinstance(given, str):
        return [_split(name) for name in expanded([given])]
    if not isinstance(given.get("model"), str):
        raise UserError("a candidate has no 'model'", "Give it as {model: NAME, weights: FILE}.")
    return [dict(given)]


def _split(name: str) -> Mapping[str, Any]:
    model, at, weights = name.rpartition("@")
    return {"model": model, "weights": weights} if at and model else {"model": name}


def _title(own: Mapping[str, Any], short: bool) -> str:
    """Return what a table calls it; short: without the folders of files."""
    model, weights = own["model"], own.get("weights", "pretrained")
    if short:
        file, colon, function = model.rpartition(":")
        model = function if colon and file.endswith(".py") else _last_parts(model)
        weights = weights if weights in ("pretrained", "random") else Path(weights).name
    name = model if weights == "pretrained" else f"{model}@{weights}"
    others = {k: v for k, v in own.items() if k not in ("model", "weights")}
    return name + "".join(f" {key}={value}" for key, value in sorted(others.items()))


def _last_parts(model: str) -> str:
    for prefix in ("", f"{model.partition(':')[0]}:"):
        path = Path(model.removeprefix(prefix))
        if path.is_dir():
            return "/".join(path.absolute().parts[-2:])
        if path.is_file():
            return path.name
    return model
