from pathlib import Path

import pytest
import torch

from finetrust.models.layers import layer_names
from finetrust.models.source import load_pretrained
from finetrust.models.text_encoder import TextEncoder
from finetrust.models.text_preprocessing import TextPreprocessing

from .tiny_encoders import bert_folder, gpt2_folder, minilm

TEXTS = ["good film", "the plot was not very bright and the acting was awful", "a"]


def loaded(folder: Path) -> tuple[TextEncoder, TextPreprocessing]:
    _, built = load_pretrained(str(folder), "pretrained", {})
    return built.module.pooled().eval(), built.preprocessing


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> tuple[TextEncoder, TextPreprocessing]:
    return loaded(bert_folder(tmp_path_factory.mktemp("bert")))


def batch_of(reading: TextPreprocessing, texts: list) -> dict[str, torch.Tensor]:
    encode = reading.transform()
    return reading.collate([encode(text) for text in texts])


@torch.no_grad()
def states(encoder: TextEncoder, reading: TextPreprocessing, text: str) -> torch.Tensor:
    """Return the states (tokens, d) of a text that is read alone, by the library itself."""
    [window] = reading.transform()(text).windows
    ids, segments = torch.from_numpy(window).long().unsqueeze(1)
    given = {"token_type_ids": segments} if reading.segments else {}
    return encoder.encoder(input_ids=ids, **given).last_hidden_state[0]


@pytest.mark.parametrize(
    ("pooling", "pool"),
    [
        ("mean", lambda of_tokens: of_tokens.mean(0)),
        ("cls", lambda of_tokens: of_tokens[0]),
        ("last", lambda of_tokens: of_tokens[-1]),
    ],
)
@pytest.mark.parametrize("make", [bert_folder, gpt2_folder])
@torch.no_grad()
def test_pooling_is_over_the_tokens_of_a_text_alone(pooling, pool, make, tmp_path: Path) -> None:
    encoder, reading = loaded(make(tmp_path))
    found = encoder.pooled(pooling).eval()(batch_of(reading, TEXTS))
    expected = torch.stack([pool(states(encoder, reading, text)) for text in TEXTS])
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_it_yields_the_embeddings_of_sentence_transformers_up_to_their_length() -> None:
    """The mean over the tokens, which that library would then scale to length 1."""
    encoder, reading = loaded(minilm())
    assert (encoder.pooling, reading.max_length, encoder.features) == ("mean", 256, 384)
    near, far = encoder(batch_of(reading, ["a cat sat there", "The cat was sitting there."])), None
    far = encoder(batch_of(reading, ["stock prices fell"]))
    similarity = torch.cosine_similarity
    assert similarity(near[0], near[1], dim=0) > 0.8 > 0.3 > similarity(near[0], far[0], dim=0)


@torch.no_grad()
def test_windows_weigh_as_much_as_they_have_tokens(bert) -> None:
    encoder, reading = bert
    short = reading.overridden(max_length=8)
    text = "the good film was not very dull"
    encoding, windows = short.pieces(text)
    parts = [
        encoder.encoder(input_ids=torch.tensor([[encoding.ids[i] for i in window]]))[0][0]
        for window in windows
    ]
    assert len(parts) == 2
    found = encoder(batch_of(short, ["a", text]))[1]
    torch.testing.assert_close(found, torch.cat(parts).mean(0), atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_each_word_has_the_state_of_its_first_token(bert) -> None:
    encoder, reading = bert
    of_words, words = encoder.pooled("words").eval(), reading.overridden(words=True)
    found = of_words(batch_of(words, [("goodness", "film"), ("a", "dull", "story")]))
    assert found.shape == (2, 3, 16)
    [window] = words.transform()(("goodness", "film")).windows
    alone = encoder.encoder(input_ids=torch.from_numpy(window[:1]).long())[0][0]
    first = [1, window.shape[1] - 2]
    torch.testing.assert_close(found[0, :2], alone[first], atol=1e-5, rtol=1e-5)
    assert (found[0, 2] == 0).all(), "zero beyond the words of a text"


@torch.no_grad()
def test_the_words_of_a_long_text_all_have_features(bert) -> None:
    encoder, reading = bert
    words = reading.overridden(max_length=8, words=True)
    story = "the good film was not very dull and it is a happy story"
    text = tuple(story.split())
    found = encoder.pooled("words").eval()(batch_of(words, [text]))
    assert found.shape == (1, len(text), 16)
    assert (found.abs().sum(-1) > 0).all()


@torch.no_grad()
def test_embeddings_may_be_given_instead_of_tokens(bert) -> None:
    encoder, reading = bert
    batch = batch_of(reading, TEXTS)
    expected = encoder(batch)
    embeddings = encoder.encoder.get_input_embeddings()(batch.pop("input_ids"))
    torch.testing.assert_close(encoder({**batch, "inputs_embeds": embeddings}), expected)


def test_gradients_reach_the_embeddings_of_every_token_that_is_there(bert) -> None:
    encoder, reading = bert
    encoder(batch_of(reading, TEXTS)).sum().backward()
    gradient = encoder.encoder.get_input_embeddings().weight.grad
    ids = set(batch_of(reading, TEXTS)["input_ids"].unique().tolist()) - {reading.pad_id}
    assert all(gradient[i].abs().sum() > 0 for i in ids)


def test_layers_are_the_embeddings_and_then_each_block(tmp_path: Path) -> None:
    encoder, _ = loaded(minilm())
    assert [name for name, _ in layer_names(encoder)] == [
        "encoder.embeddings",
        *(f"encoder.encoder.layer.{i}" for i in range(6)),
    ]
    gpt2, _ = loaded(gpt2_folder(tmp_path))
    names = [name for name, _ in layer_names(gpt2)]
    assert names[-2:] == ["encoder.h.0", "encoder.h.1"]
    assert names[0] == "encoder.wte"


def test_it_yields_float32_from_bf16_weights(bert) -> None:
    import copy

    encoder, reading = bert
    reduced = copy.deepcopy(encoder).to(torch.bfloat16)
    with torch.no_grad():
        found, expected = reduced(batch_of(reading, TEXTS)), encoder(batch_of(reading, TEXTS))
    assert found.dtype == torch.float32
    assert torch.cosine_similarity(found, expected).min() > 0.99
