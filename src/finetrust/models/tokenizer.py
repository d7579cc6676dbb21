"""Fast tokenizers as JSON: what the package tokenizers writes and reads."""

import json
from typing import TYPE_CHECKING, Any

from finetrust.core.errors import UserError
from finetrust.models.reason import reason

if TYPE_CHECKING:
    from tokenizers import Tokenizer


def tokenizer_of(written: str) -> "Tokenizer":
    """Return the tokenizer, with neither truncation nor padding.

    Raises
    ------
    UserError
        If the package tokenizers is not installed, or `written` is none.
    """
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise UserError(
            "texts need the package tokenizers, which is not installed",
            "Install it: pip install 'finetrust[transformers]'",
        ) from error
    try:
        tokenizer = Tokenizer.from_str(written)
    except Exception as error:
        raise UserError(
            f"the tokenizer cannot be read ({reason(error)})",
            "Fetch tokenizer.json again, or update the package tokenizers.",
        ) from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def with_space_before_words(written: str) -> str:
    """Return the tokenizer changed to read words that are given one by one as they stand in a text.

    Byte-level and sentence-piece tokenizers write the space before a word into its first token.
    """
    tokenizer = json.loads(written)
    for step in _steps(tokenizer.get("pre_tokenizer")):
        if step.get("type") == "ByteLevel":
            step["add_prefix_space"] = True
        if step.get("type") == "Metaspace":
            step["prepend_scheme"] = "always"
    return json.dumps(tokenizer, ensure_ascii=False)


def _steps(step: dict[str, Any] | None) -> list[dict[str, Any]]:
    if step is None:
        return []
    return [part for inner in step.get("pretokenizers", []) for part in _steps(inner)] or [step]
