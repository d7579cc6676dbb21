from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from finetrust.models.network import Network, as_they_are
from finetrust.models.source import load_pretrained
from finetrust.trust.interpretability.words.scores import log_odds_of_class, log_odds_of_tag
from finetrust.trust.interpretability.words.word_attributions import word_attributions
from models.tiny_encoders import bert_folder, gpt2_folder

TEXT = "The plot was goodness itself, and not dull!"


def network_of(folder: Path, pooling: str = "mean", **changes: object) -> Network:
    _, built = load_pretrained(str(folder), "pretrained", {})
    torch.manual_seed(0)
    encoder = built.module.pooled(pooling)
    reading = built.preprocessing.overridden(words=pooling == "words", **changes)
    return Network(encoder, nn.Linear(16, 3), reading, features_of=as_they_are).eval()


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return network_of(bert_folder(tmp_path_factory.mktemp("bert"), initializer_range=0.1))


def log_odds(logits: torch.Tensor, index: int = 1) -> torch.Tensor:
    return log_odds_of_class(logits, torch.full((len(logits),), index))


def outputs(network: Network, text: object) -> torch.Tensor:
    encode = network.preprocessing.transform()
    with torch.no_grad():
        return network(network.preprocessing.collate([encode(text)]))


def test_the_pieces_are_the_text(network: Network) -> None:
    found = word_attributions(network, TEXT, 1)
    assert "".join(found.pieces) == TEXT
    assert [piece.strip() for piece in found.pieces] == [
        *("The", "plot", "was", "goodness", "itself", ",", "and", "not", "dull", "!"),
    ]


def test_the_weights_add_up_to_the_difference_from_a_text_of_padding(network: Network) -> None:
    found = word_attributions(network, TEXT, 1)
    encode = network.preprocessing.transform()
    batch = network.preprocessing.collate([encode(TEXT)])
    batch["input_ids"][0, 0, 1:-1] = network.preprocessing.pad_id
    with torch.no_grad():
        expected = float(log_odds(outputs(network, TEXT)) - log_odds(network(batch)))
    assert found.weights.sum() == pytest.approx(expected, rel=0.02)
    assert found.error < 0.02


def test_it_is_captums_layer_integrated_gradients(network: Network) -> None:
    from captum.attr import LayerIntegratedGradients

    encode = network.preprocessing.transform()
    batch = network.preprocessing.collate([encode(TEXT)])
    ids = batch["input_ids"][:, 0]
    plain = ids.clone()
    plain[0, 1:-1] = network.preprocessing.pad_id

    def logits(ids: torch.Tensor) -> torch.Tensor:
        mask = torch.ones_like(ids).unsqueeze(1)
        return log_odds(network({"input_ids": ids.unsqueeze(1), "attention_mask": mask}))

    layer = network.backbone.encoder.get_input_embeddings()
    theirs = LayerIntegratedGradients(logits, layer).attribute(
        ids, plain, n_steps=50, method="gausslegendre"
    )
    of_token = theirs[0].sum(-1).detach().numpy()
    encoding, _ = network.preprocessing.pieces(TEXT)
    expected = np.zeros(10)
    for token, word in enumerate(encoding.word_ids):
        if word is not None:
            expected[word] += of_token[token]
    found = word_attributions(network, TEXT, 1)
    np.testing.assert_allclose(found.weights, expected, atol=1e-4)


def test_the_word_that_alone_counts_has_all_the_weight(network: Network) -> None:
    """A network that reads the embeddings of one word and nothing else."""
    import copy

    other = copy.deepcopy(network)
    encoder = other.backbone.encoder
    table = encoder.get_input_embeddings()
    dull = other.preprocessing.tokenizer.token_to_id("dull")

    class OnlyEmbeddings(nn.Module):
        config = encoder.config

        def get_input_embeddings(self) -> nn.Module:
            return table

        def forward(self, inputs_embeds=None, input_ids=None, **others):  # type: ignore[no-untyped-def]
            given = table(input_ids) if inputs_embeds is None else inputs_embeds
            return (given,)

    with torch.no_grad():
        table.weight.zero_()
        table.weight[dull] = 1.0
    other.backbone.encoder = OnlyEmbeddings()
    found = word_attributions(other, TEXT, 1)
    weights = dict(zip(found.pieces, found.tokens(), strict=True))
    assert abs(weights[" dull"][1]) == 1
    assert sum(abs(weight) for _, weight in found.tokens()) == pytest.approx(1)


def test_a_long_text_is_explained_window_by_window(tmp_path: Path) -> None:
    network = network_of(bert_folder(tmp_path, initializer_range=0.1), max_length=8)
    text = "the good film was not very dull and it is a happy story"
    found = word_attributions(network, text, 1)
    assert len(found.pieces) == len(text.split())
    assert found.error < 0.02
    assert (found.weights != 0).all()


def test_pairs_are_shown_one_below_the_other(network: Network) -> None:
    found = word_attributions(network, ("good film", "bad plot"), 1)
    assert found.pieces == ("good", " film", "\n", "bad", " plot")


def test_bytes_and_white_space_belong_to_words(tmp_path: Path) -> None:
    network = network_of(gpt2_folder(tmp_path), "last")
    found = word_attributions(network, "a fine  é film ", 1)
    assert "".join(found.pieces) == "a fine  é film "
    assert len(found.pieces) < len("a fine  é film ")


def test_the_tag_of_a_word_is_explained_by_all_words(tmp_path: Path) -> None:
    network = network_of(bert_folder(tmp_path, initializer_range=0.1), "words")
    words = ("the", "goodness", "film")
    found = word_attributions(network, words, (1, 2), score=log_odds_of_tag)
    assert found.pieces == ("the", " goodness", " film")
    assert abs(found.weights[1]) == np.abs(found.weights).max()
    assert found.error < 0.02


def test_log_odds_are_those_of_the_softmax() -> None:
    logits = torch.randn(4, 3, dtype=torch.float64)
    p = logits.softmax(1)[:, 2]
    torch.testing.assert_close(log_odds(logits, 2), (p / (1 - p)).log())
    tags = torch.stack([torch.zeros_like(logits), logits], dim=1)
    at = torch.tensor([[1, 2]]).expand(4, 2)
    torch.testing.assert_close(log_odds_of_tag(tags, at), log_odds(logits, 2))
