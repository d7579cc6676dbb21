"""SegFormer of transformers by hub name or local folder.

Xie et al., "SegFormer: Simple and Efficient Design for Semantic Segmentation with Transformers",
NeurIPS 2021, arXiv:2105.15203.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from finetrust.core.errors import UserError
from finetrust.models.reason import reason
from finetrust.models.segmenters.whole import whole_parts
from finetrust.models.source import Pretrained, Provenance
from finetrust.models.transformers_images import class_names, preprocessing_of
from finetrust.models.transformers_models import transformers_models
from finetrust.models.weights_file import sha256_of_tensors

_SIDE = 512


@transformers_models.register("ForSemanticSegmentation")
def segmenter(
    folder: Path | None, config: Any, weights: str, args: Mapping[str, Any]
) -> Pretrained:
    """Return a segmentation model with its weights from `folder`, or with random ones.

    Raises
    ------
    UserError
        If the weights cannot be read as safetensors, or the model is none that can be taken apart.
    """
    from transformers import AutoModelForSemanticSegmentation

    name = config.architectures[0] if config.architectures else type(config).__name__
    if weights == "random" or folder is None:
        module = AutoModelForSemanticSegmentation.from_config(config)
        provenance = Provenance(name, "random", "", "none")
    else:
        try:
            module = AutoModelForSemanticSegmentation.from_pretrained(
                folder, config=config, use_safetensors=True, local_files_only=True
            )
        except (OSError, RuntimeError, ValueError) as error:
            raise UserError(
                f"{folder}: the weights of {name} cannot be read ({reason(error)})",
                "Give a folder with model.safetensors, or --weights random.",
            ) from error
        provenance = Provenance(name, str(folder), sha256_of_tensors(module.state_dict()))
    if whole_parts(module) is None:
        raise UserError(
            f"{name} cannot be taken apart into an encoder and a head",
            "Choose a SegFormer, or a classifier as the backbone of a --head.",
        )
    return Pretrained(
        module.float(),
        preprocessing_of(folder, _SIDE, _SIDE),
        provenance,
        classes=class_names(config),
        args=config.to_dict(),
        kind="segmenter",
    )
