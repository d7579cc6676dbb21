"""What a model of the transformers library is for: one file per kind of head that is taken over."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from finetrust.core.registry import Registry
from finetrust.models.source import Pretrained

TransformersModel = Callable[[Path | None, Any, str, Mapping[str, Any]], Pretrained]
"""``(folder, config, weights, args) -> Pretrained``.

`folder` holds ``config.json`` and the weights; it is None where a saved architecture is built again,
with random weights. `config` is the transformers configuration with the user's `args` in it.
"""

transformers_models: Registry[TransformersModel] = Registry(
    "kind of transformers model", "finetrust.models"
)
"""By the end of the architecture's name, for example ``"ForObjectDetection"``; the rest are encoders."""
