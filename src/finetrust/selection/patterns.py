"""Patterns that stand for many models: ``timm:top20@25MB``.

timm's package does not carry the accuracies of its weights, so that ``top20`` goes by size: what is
larger was mostly better on ImageNet, and one of each family is taken before a second of any, since
candidates that are alike teach little. The data decide the rest.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files

from finetrust.core.errors import UserError

BYTES_A_PARAMETER = 4
_PATTERN = re.compile(r"timm:top(\d+)@(\d+(?:\.\d+)?)(MB|M)", re.IGNORECASE)
_OF_TIMMS_TESTS = "test_"
_LOOKS_LIKE_ONE = re.compile(r"[\w-]*:top\d", re.IGNORECASE)


def expanded(models: Iterable[str]) -> list[str]:
    """Return the names with every pattern replaced by the models that it stands for, each once.

    ``timm:top20@25MB`` are 20 pretrained models of timm whose weights take 25 MB at most in float32,
    ``timm:top20@6M`` those with 6 million parameters at most.

    Raises
    ------
    UserError
        If a pattern is misspelt, or nothing is as small as it asks for.
    """
    found: dict[str, None] = {}
    for model in models:
        found.update(dict.fromkeys(_models_of(model)))
    return list(found)


def largest_of_families(
    sizes: Mapping[str, int], families: Mapping[str, str], most: float, count: int
) -> list[str]:
    """Return the `count` largest models of at most `most` parameters, of as many families as there are.

    Parameters
    ----------
    sizes : mapping of str to int
        Parameters of each model.
    families : mapping of str to str
        The family of each model.
    most : float
    count : int

    Returns
    -------
    list of str
        The largest of every family first, by size; then the second of every family, and so on.
    """
    fitting = sorted((n for n, size in sizes.items() if size <= most), key=lambda n: (-sizes[n], n))
    place: dict[str, int] = {}
    rounds: list[tuple[int, int]] = []
    for at, name in enumerate(fitting):
        family = families.get(name, name)
        rounds.append((place.get(family, 0), at))
        place[family] = place.get(family, 0) + 1
    return [fitting[at] for _, at in sorted(rounds)[:count]]


def n_parameters(name: str) -> int | None:
    """Return how many parameters one of timm's architectures has; None if it cannot be built."""
    import timm
    import torch

    try:
        with torch.device("meta"):
            module = timm.create_model(name)
    except Exception:
        return None
    return sum(parameter.numel() for parameter in module.parameters())


def _models_of(model: str) -> Sequence[str]:
    match = _PATTERN.fullmatch(model)
    if match is None:
        if _LOOKS_LIKE_ONE.match(model):
            raise UserError(
                f"'{model}' is no pattern of models",
                "Write timm:top20@25MB (by the size of the weights) or timm:top20@6M (by parameters).",
            )
        return [model]
    count, amount = int(match[1]), float(match[2]) * 1e6
    if count == 0:
        raise UserError(f"'{model}' asks for 0 models", "Give one or more, as timm:top20@25MB.")
    most = amount / BYTES_A_PARAMETER if match[3].upper() == "MB" else amount
    sizes = {name: n for name, n in timm_sizes().items() if not name.startswith(_OF_TIMMS_TESTS)}
    found = largest_of_families(sizes, _families(sizes), most, count)
    if not found:
        least = min(sizes.values())
        raise UserError(
            f"'{model}': timm has no pretrained model as small as that",
            f"Its smallest has {least / 1e6:.2f} million parameters "
            f"({least * BYTES_A_PARAMETER / 1e6:.1f} MB).",
        )
    return [f"timm:{name}" for name in found]


@lru_cache(maxsize=1)
def timm_sizes() -> dict[str, int]:
    """Return the parameters of timm's pretrained architectures, by ``tools/timm_sizes.py``.

    Those of the table that the installed timm knows too.
    """
    import timm

    table = files("finetrust.selection").joinpath("timm_sizes.json").read_text(encoding="utf-8")
    known = {name.partition(".")[0] for name in timm.list_pretrained()}
    return {name: size for name, size in json.loads(table).items() if name in known}


def _families(names: Iterable[str]) -> dict[str, str]:
    """Return the file of timm that each architecture is defined in."""
    import timm

    of_module = {n: file for file in timm.list_modules() for n in timm.list_models(module=file)}
    return {name: of_module.get(name, name) for name in names}
