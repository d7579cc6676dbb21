"""timm's classifiers by name, with the preprocessing of their pretrained configuration."""

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import nn

from finetrust.core.download import hub_or_its_cache, impatient
from finetrust.core.errors import UserError
from finetrust.core.nearest import did_you_mean
from finetrust.models.preprocessing import Preprocessing
from finetrust.models.reason import reason
from finetrust.models.source import Pretrained, Provenance, Source, sources
from finetrust.models.weights_file import sha256_of_tensors

_RUN_CODE = ("checkpoint_path", "pretrained_cfg", "pretrained_cfg_overlay")


class TimmSource(Source):
    """Models of timm, ``name`` or ``name.tag``."""

    rank = 2

    def names(self) -> list[str]:
        import timm

        return timm.list_models()

    def accepts(self, name: str) -> bool:
        import timm

        return timm.is_model(name)

    def build(self, name: str, weights: str, args: Mapping[str, Any]) -> Pretrained:
        import timm

        tags = timm.list_pretrained(f"{name.partition('.')[0]}.*")
        if "." in name and name not in tags:
            raise UserError(
                f"timm has no weights '{name}'",
                f"{did_you_mean(name, tags)} Known: {', '.join(tags) or 'none'}.".strip(),
            )
        if weights not in ("pretrained", "random"):
            raise UserError(
                f"timm names weights in the model, as in '{name}.TAG', not by --weights {weights}",
                f"Known: {', '.join(tags) or 'none'}.",
            )
        module = _module(name, weights == "pretrained", args)
        config = timm.data.resolve_data_config(_image_size(args), model=module)
        provenance = replace(_provenance(name, weights, module), notes=_notes(config))
        return Pretrained(module, _preprocessing(config), provenance)

    def describe(self, built: Pretrained, file: Path, sha256: str) -> Pretrained:
        """Read the ``config.json`` that lies beside timm's weights on Hugging Face's hub."""
        try:
            config = json.loads((file.parent / "config.json").read_text(encoding="utf-8"))
            known = _preprocessing(config["pretrained_cfg"])
            architecture = config["architecture"]
        except (OSError, ValueError, KeyError, TypeError):
            return super().describe(built, file, sha256)
        if architecture != built.provenance.architecture.partition(".")[0]:
            return super().describe(built, file, sha256)
        licence = config["pretrained_cfg"].get("license") or "unknown"
        return replace(
            built, preprocessing=known, provenance=replace(built.provenance, licence=licence)
        )


sources.add("timm", TimmSource())


def _module(name: str, pretrained: bool, args: Mapping[str, Any]) -> nn.Module:
    import timm

    unsafe = [key for key in _RUN_CODE if key in args]
    if unsafe:
        raise UserError(
            f"model '{name}': timm may run code from the file that '{unsafe[0]}' names",
            "Give weights with --weights FILE, which never does.",
        )
    try:
        if not pretrained:
            return timm.create_model(name, **args)
        with impatient(), hub_or_its_cache():
            return timm.create_model(name, pretrained=True, **args)
    except OSError as error:
        config = timm.get_pretrained_cfg(name)
        assert config is not None
        where = f"https://huggingface.co/{config.hf_hub_id}" if config.hf_hub_id else config.url
        raise UserError(
            f"the weights of {name} could not be had from {where} ({reason(error)})",
            "Fetch model.safetensors and config.json from there where there is a network and give "
            "the first with --weights FILE; --weights random starts from scratch.",
        ) from error
    except Exception as error:
        raise UserError(
            f"model '{name}': {reason(error)}",
            "Change --model-args, give --weights FILE, or start with --weights random.",
        ) from error


def _image_size(args: Mapping[str, Any]) -> dict[str, Any]:
    """Return the size of the images that a transformer was built for, where the user chose it."""
    return {"img_size": args["img_size"]} if "img_size" in args else {}


def _provenance(name: str, weights: str, module: Any) -> Provenance:
    if weights == "random":
        return Provenance(name, "random", "", "none")
    config = module.pretrained_cfg
    return Provenance(
        name,
        f"timm {config.get('hf_hub_id') or config.get('url') or name}",
        sha256_of_tensors(module.state_dict()),
        config.get("license") or "unknown",
    )


def _notes(config: Mapping[str, Any]) -> tuple[str, ...]:
    _, height, width = config["input_size"]
    notes = []
    if config["crop_mode"] not in ("center", "squash"):
        notes.append(
            f"timm prepares this model's images by '{config['crop_mode']}', finetrust by scaling the "
            "shorter side and cropping the centre: results on oblong images differ a little"
        )
    if height != width:
        notes.append(f"timm's input is {height}×{width} pixels, finetrust's is square")
    return tuple(notes)


def _preprocessing(config: Mapping[str, Any]) -> Preprocessing:
    size = config["input_size"][-1]
    return Preprocessing(
        input_size=size,
        resize=math.floor(size / config["crop_pct"]),
        interpolation=config["interpolation"],
        mean=tuple(config["mean"]),
        std=tuple(config["std"]),
        squash=config.get("crop_mode") == "squash",
    )
