"""timm's classifiers by name, with the preprocessing of their pretrained configuration."""

import math
from collections.abc import Mapping
from typing import Any

from finetrust.core.errors import UserError
from finetrust.models.preprocessing import Preprocessing
from finetrust.models.source import Pretrained, Provenance, sources
from finetrust.models.weights_file import sha256_of_tensors


class TimmSource:
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

        if weights not in ("pretrained", "random"):
            raise UserError(
                f"timm names weights in the model: '{name}.TAG', not by --weights {weights}",
                f"Known: {', '.join(timm.list_pretrained(f'{name}*')) or 'none'}.",
            )
        pretrained = weights == "pretrained"
        try:
            module = timm.create_model(name, pretrained=pretrained, **args)
        except TypeError as error:
            raise UserError(f"model '{name}': {error}", "Change --model-args.") from error
        except Exception as error:
            if not pretrained:
                raise
            raise _no_weights(name, error) from error
        config = dict(module.pretrained_cfg)
        tag = config.get("hf_hub_id") or config.get("url") or config.get("tag") or name
        return Pretrained(
            module,
            _preprocessing(timm.data.resolve_data_config({}, model=module)),
            Provenance(
                name,
                f"timm {tag}" if pretrained else "random",
                sha256_of_tensors(module.state_dict()),
                licence=(config.get("license") or "unknown") if pretrained else "none",
            ),
        )


sources.add("timm", TimmSource())


def _no_weights(name: str, error: Exception) -> UserError:
    import timm

    config = timm.get_pretrained_cfg(name)
    where = (config.hf_hub_id or config.url) if config else ""
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    if not where:
        return UserError(
            f"timm has no pretrained weights for '{name}' ({reason})",
            "Choose a model that has, give --weights FILE, or start with --weights random.",
        )
    return UserError(
        f"the weights of {name} could not be downloaded from {where} ({reason})",
        "Fetch model.safetensors from there where there is a network and give it with "
        "--weights FILE; --weights random starts from scratch.",
    )


def _preprocessing(config: Mapping[str, Any]) -> Preprocessing:
    size = config["input_size"][-1]
    return Preprocessing(
        input_size=size,
        resize=math.floor(size / config["crop_pct"]),
        interpolation=config["interpolation"],
        mean=tuple(config["mean"]),
        std=tuple(config["std"]),
    )
