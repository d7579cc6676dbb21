"""Models of the transformers library: a hub name or a local folder; safetensors only, never a pickle."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import nn

from finetrust.core.download import hub_or_its_cache, impatient
from finetrust.core.errors import UserError
from finetrust.core.nearest import did_you_mean
from finetrust.models.reason import reason
from finetrust.models.source import Architecture, Pretrained, Provenance, Source, sources
from finetrust.models.text_model import text_model
from finetrust.models.transformers_models import transformers_models

_LEGACY = (
    "albert-base-v2",
    "bert-base-cased",
    "bert-base-multilingual-cased",
    "bert-base-uncased",
    "distilbert-base-uncased",
    "gpt2",
    "roberta-base",
    "xlm-roberta-base",
)
_RAISED = (OSError, ValueError, KeyError, TypeError, ImportError, RuntimeError)
_FILES = ("*.json", "*.txt", "*.model", "*.safetensors", "README.md", "*/config.json")


class TransformersSource(Source):
    """``ORGANISATION/NAME`` on Hugging Face's hub, or a folder with its ``config.json``."""

    rank = 5

    def names(self) -> list[str]:
        return list(_LEGACY)

    def accepts(self, name: str) -> bool:
        path = Path(name).expanduser()
        if path.exists():
            return path.is_dir() and "model_type" in _config_of(path)
        parts = name.split("/")
        return name in _LEGACY or (
            len(parts) == 2 and all(_is_hub_word(part) for part in parts) and path.suffix != ".py"
        )

    def build(self, name: str, weights: str, args: Mapping[str, Any]) -> Pretrained:
        """Return the model with its weights, or random ones of the same configuration.

        `args` override values of the configuration; where they are a whole one (``model_type`` is
        among them), nothing is read from `name`. ``trust_remote_code`` among them allows the code
        that comes with the model to be run.
        """
        _require()
        if weights not in ("pretrained", "random"):
            raise UserError(
                f"{name} has no weights '{weights}'", "Known: pretrained, random, or a file."
            )
        trusted = bool(args.get("trust_remote_code", False))
        changes = {key: value for key, value in args.items() if key != "trust_remote_code"}
        whole = "model_type" in args
        # A model with code of its own is never whole without its folder.
        folder = None if whole and not trusted else folder_of(name, trusted)
        config = _config(name, folder, {} if whole and folder else changes, trusted)
        builder = _builder(config)
        with _telling(name):
            built = builder(folder, config, weights, args)
        return built if whole else _named(built, name, folder, weights)

    def rebuild(
        self, architecture: Architecture, folder: Path, allow_code: str | None
    ) -> nn.Module:
        args = dict(architecture.args)
        if "auto_map" in args:
            if allow_code != architecture.name:
                raise UserError(
                    f"{folder}: the architecture is built by code that comes with {architecture.name}",
                    f"If you trust that code, allow it to run: --model {architecture.name}",
                )
            args["trust_remote_code"] = True
        return self.build(architecture.name, "random", args).module


sources.add("transformers", TransformersSource())


def folder_of(name: str, trusted: bool = False) -> Path:
    """Return the local folder that holds a model: itself, or a snapshot of the hub.

    Raises
    ------
    UserError
        If it can neither be downloaded nor found in the hub's cache.
    """
    path = Path(name).expanduser()
    if path.is_dir():
        return path
    import huggingface_hub

    patterns = [*_FILES, "*.py"] if trusted else list(_FILES)
    try:
        with impatient(), hub_or_its_cache():
            return Path(huggingface_hub.snapshot_download(name, allow_patterns=patterns))
    except Exception as error:
        raise UserError(
            f"the model {name} could not be had from https://huggingface.co/{name} ({_why(error)})",
            "Check the name. Without a network: fetch config.json, tokenizer.json and "
            "model.safetensors from there where there is one, and give their folder with --model.",
        ) from error


def _why(error: Exception) -> str:
    from huggingface_hub.errors import LocalEntryNotFoundError

    if isinstance(error, LocalEntryNotFoundError):
        return "there is no connection to it, and the model is not in the cache"
    return reason(error)


def _require() -> None:
    try:
        import transformers  # noqa: F401
    except ImportError as error:
        raise UserError(
            "models of this kind need the package transformers, which is not installed",
            "Install it: pip install 'finetrust[transformers]'",
        ) from error


def _is_hub_word(part: str) -> bool:
    return part.strip(".") != "" and all(c.isalnum() or c in "-_." for c in part)


def _config_of(folder: Path) -> dict[str, Any]:
    try:
        raw = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return raw if isinstance(raw, dict) else {}


def _config(name: str, folder: Path | None, args: Mapping[str, Any], trusted: bool) -> Any:
    """Return the configuration with the values of `args` in it.

    Raises
    ------
    UserError
        If it cannot be read, is of an unknown type, or knows no such value.
    """
    from transformers import AutoConfig

    known = dict(args) if folder is None else _config_of(folder)
    if "auto_map" in known and not trusted:
        raise UserError(
            f"{name} is built by code that comes with it, and such code is not run unasked",
            "If you trust it, add --trust-remote-code.",
        )
    with _telling(name):
        if folder is None:
            return AutoConfig.for_model(**known)
        config = AutoConfig.from_pretrained(folder, trust_remote_code=trusted)
        for key, value in args.items():
            if not hasattr(config, key):
                raise UserError(
                    f"{name} has no setting '{key}' in its configuration",
                    did_you_mean(key, config.to_dict()) or "Leave it out of --model-args.",
                )
            setattr(config, key, value)
    return config


def _builder(config: Any) -> Any:
    architecture = (config.architectures or [""])[0]
    for ending, builder in transformers_models.items():
        if architecture.endswith(ending):
            return builder
    return text_model


def _named(built: Pretrained, name: str, folder: Path | None, weights: str) -> Pretrained:
    """Return `built` with the provenance that the folder tells."""
    if weights == "random" or folder is None:
        return replace(built, provenance=Provenance(name, "random", "", "none"))
    is_local = Path(name).expanduser().is_dir()
    known = replace(built.provenance, licence=_licence(folder))
    if not is_local:
        known = replace(known, architecture=name, source=f"Hugging Face hub {name}")
    return replace(built, provenance=known)


def _licence(folder: Path) -> str:
    """Return the licence that the front matter of the model card names."""
    import yaml

    try:
        card = (folder / "README.md").read_text(encoding="utf-8")
        front = yaml.safe_load(card.split("---")[1]) if card.startswith("---") else {}
    except (OSError, ValueError, IndexError, yaml.YAMLError):
        return "unknown"
    licence = front.get("license") if isinstance(front, dict) else None
    return str(licence) if licence else "unknown"


@contextmanager
def _telling(name: str) -> Iterator[None]:
    """Turn what the library raises into errors that say what to do."""
    from safetensors import SafetensorError

    try:
        yield
    except UserError:
        raise
    except (*_RAISED, SafetensorError) as error:
        raise UserError(
            f"{name} cannot be loaded as a model of the transformers library ({reason(error)})",
            "Give a folder with config.json, tokenizer.json and model.safetensors.",
        ) from error
