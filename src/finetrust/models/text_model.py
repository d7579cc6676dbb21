"""Encoders of texts from the transformers library, with their tokenizer and pooling."""

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from finetrust.core.errors import UserError
from finetrust.models.reason import reason
from finetrust.models.source import Pretrained, Provenance
from finetrust.models.text_encoder import CLASSIFIERS, POOLINGS, Pooling, TextEncoder
from finetrust.models.text_preprocessing import TextPreprocessing
from finetrust.models.weights_file import (
    WeightsFile,
    name_prefix,
    refuse_deeper,
    sha256_of_file,
)

_TOKENIZERS = ("tokenizer.json", "vocab.*", "merges.txt", "*.model")
_UNUSED = ("pooler.",)


def text_model(
    folder: Path | None, config: Any, weights: str, args: Mapping[str, Any]
) -> Pretrained:
    """Return the encoder that `config` describes; see :mod:`finetrust.models.transformers_models`.

    With its classifier where it has one of texts; other heads are left out. Its pooling is that of
    ``1_Pooling/config.json`` (sentence-transformers) where there is one, else the last token for
    models that read from left to right, and the mean for the rest.

    Raises
    ------
    UserError
        If it is no model of texts, or its weights or tokenizer are missing or unfit.
    """
    if not getattr(config, "vocab_size", None):
        raise UserError(
            f"'{config.model_type}' is no model of texts",
            "Choose an encoder of texts, or another --task.",
        )
    config.use_cache = False
    trusted = bool(args.get("trust_remote_code", False))
    provenance = Provenance(config.model_type, "random", "", "none")
    if folder is None or weights == "random":
        module = _library_class(config).from_config(config, trust_remote_code=trusted)
    else:
        module, notes = _loaded(folder, config, trusted)
        provenance = Provenance(config.model_type, str(folder), _sha256(folder), notes=notes)
    preprocessing = None if folder is None else _preprocessing(folder, config, module, trusted)
    return Pretrained(
        TextEncoder(module, _pooling(folder, config)),
        preprocessing,
        provenance,
        classes=_classes(config),
        args=json.loads(config.to_json_string()),
        kind="encoder",
    )


def fit_encoder(encoder: nn.Module, file: WeightsFile) -> tuple[str, ...]:
    """Load the tensors of `file` into `encoder`; return notes on what was not as expected.

    Raises
    ------
    UserError
        If a tensor is missing or has another shape, or the file is of a deeper model.
    """
    own = encoder.state_dict()
    prefix = name_prefix(file.tensors, set(own))
    found = {n.removeprefix(prefix): t for n, t in file.tensors.items() if n.startswith(prefix)}
    wrong = [n for n, t in own.items() if n not in found or found[n].shape != t.shape]
    if wrong:
        raise UserError(
            f"{file.path}: weights for another architecture: {len(own) - len(wrong)} of {len(own)} "
            f"tensors fit; '{wrong[0]}' does not",
            "Name the model that the file was made for with --model.",
        )
    refuse_deeper(own, found, file.path)
    encoder.load_state_dict({name: found[name] for name in own})
    unused = [name for name in file.tensors if name.removeprefix(prefix) not in own]
    notes = [f"the prefix '{prefix}' of the names was removed"] if prefix else []
    if unused:
        notes.append(f"{len(unused)} tensors of the file are not used: {_some(unused)}")
    return tuple(notes)


def _library_class(config: Any) -> Any:
    from transformers import AutoModel, AutoModelForSequenceClassification

    name = (config.architectures or [""])[0]
    return AutoModelForSequenceClassification if name.endswith(CLASSIFIERS) else AutoModel


def _loaded(folder: Path, config: Any, trusted: bool) -> tuple[nn.Module, tuple[str, ...]]:
    import torch
    from transformers.utils import logging

    if not any(folder.glob("*.safetensors")):
        pickled = [p.name for p in sorted(folder.glob("*.bin"))]
        found = f"only {pickled[0]}, a pickle, which is never read" if pickled else "no weights"
        raise UserError(
            f"{folder}: no safetensors file; there is {found}",
            "Fetch model.safetensors, or save the model anew with save_pretrained.",
        )
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        module, told = _library_class(config).from_pretrained(
            folder,
            config=config,
            use_safetensors=True,
            trust_remote_code=trusted,
            torch_dtype=torch.float32,
            output_loading_info=True,
        )
    finally:
        if shown:
            logging.enable_progress_bar()
    missing = sorted(k for k in told["missing_keys"] if not k.startswith(_UNUSED))
    if missing or told["mismatched_keys"]:
        where = missing[0] if missing else str(next(iter(told["mismatched_keys"])))
        raise UserError(
            f"{folder}: the weights do not fit the configuration: '{where}' is not in the file as "
            "expected",
            "Leave --model-args out, or fetch config.json and model.safetensors again.",
        )
    unused = sorted(told["unexpected_keys"])
    notes = (f"{len(unused)} tensors are not used: {_some(unused)}",) if unused else ()
    return module, notes


def _classes(config: Any) -> tuple[str, ...]:
    """Return the names of a classifier's outputs, where it is one and they are named."""
    if not (config.architectures or [""])[0].endswith(CLASSIFIERS):
        return ()
    names = tuple(str(name) for _, name in sorted(config.id2label.items()))
    unnamed = all(name == f"LABEL_{i}" for i, name in enumerate(names))
    return () if unnamed else names


def _pooling(folder: Path | None, config: Any) -> Pooling:
    from transformers.models.auto import modeling_auto as known

    if folder is not None:
        said = _json(folder / "1_Pooling" / "config.json")
        modes = {
            "mean": said.get("pooling_mode_mean_tokens"),
            "cls": said.get("pooling_mode_cls_token"),
            "last": said.get("pooling_mode_lasttoken"),
        }
        for pooling in POOLINGS:
            if modes[pooling]:
                return pooling
    causal = config.model_type in known.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
    masked = config.model_type in known.MODEL_FOR_MASKED_LM_MAPPING_NAMES
    return "last" if causal and not masked else "mean"


def _preprocessing(
    folder: Path, config: Any, module: nn.Module, trusted: bool
) -> TextPreprocessing:
    from transformers import AutoTokenizer

    if not any(file for pattern in _TOKENIZERS for file in folder.glob(pattern)):
        raise UserError(
            f"{folder}: there is no tokenizer",
            "Fetch tokenizer.json and tokenizer_config.json too.",
        )
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=trusted)
        found = TextPreprocessing.of(tokenizer, _max_length(folder, config, module))
    except (OSError, ValueError, KeyError, TypeError, ImportError) as error:
        raise UserError(
            f"{folder}: there is no fast tokenizer that can be read ({reason(error)})",
            "Fetch tokenizer.json and tokenizer_config.json too.",
        ) from error
    if len(tokenizer) > config.vocab_size:
        raise UserError(
            f"{folder}: the tokenizer has {len(tokenizer)} tokens, the model only "
            f"{config.vocab_size}",
            "Fetch the tokenizer and the weights of one and the same model.",
        )
    return found


def _max_length(folder: Path, config: Any, module: nn.Module) -> int | None:
    """Return how many tokens the model reads at once: the least that anything says, or None."""
    positions = getattr(config, "max_position_embeddings", None) or math.inf
    embeddings = getattr(module.base_model, "embeddings", None)
    table = getattr(embeddings, "position_embeddings", None)
    if getattr(table, "padding_idx", None) is not None:  # RoBERTa counts from beyond it
        positions -= table.padding_idx + 1  # type: ignore[union-attr,operator]
    sentence = _json(folder / "sentence_bert_config.json").get("max_seq_length") or math.inf
    least = min(positions, sentence)
    return None if least == math.inf else int(least)


def _sha256(folder: Path) -> str:
    """Return the SHA-256 of the weights file, or over those of several files."""
    files = sorted(folder.glob("*.safetensors"))
    digests = [sha256_of_file(file) for file in files]
    return (
        digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    )


def _json(file: Path) -> dict[str, Any]:
    try:
        raw = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return raw if isinstance(raw, dict) else {}


def _some(names: list[str]) -> str:
    return f"{', '.join(names[:4])}{', ...' if len(names) > 4 else ''}"
