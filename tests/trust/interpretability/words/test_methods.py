"""Methods that attribute an answer to words, on networks whose every word is known."""

import copy
from pathlib import Path

import numpy as np
import pytest
import torch

from finetrust.core.errors import NotApplicable, UserError
from finetrust.models.network import Network, as_they_are
from finetrust.models.source import load_pretrained
from finetrust.models.text_preprocessing import TextPreprocessing
from finetrust.trust.interpretability.words.candidates import candidate_names, candidates
from finetrust.trust.interpretability.words.method import ExplainedTexts, word_methods
from finetrust.trust.interpretability.words.methods.kernel_shap import KernelShap
from finetrust.trust.interpretability.words.methods.occlusion import Occlusion
from finetrust.trust.interpretability.words.scores import log_odds_of_class, log_odds_of_tag
from finetrust.trust.interpretability.words.worded import worded
from models.tiny_encoders import bert_folder, gpt2_folder

from .readers import bag, reader_of, reading

TEXTS = (
    "the plot was goodness itself, and not dull!",
    "a very fine film",
    "bad",
    "the good story is the good film of it and it is happy",
)
TARGETS = torch.tensor([1, 0, 1, 0])
SOUND = ("integrated_gradients", "input_x_gradient", "saliency", "occlusion", "kernel_shap")
ATTENTION = ("attention_rollout", "chefer")


@pytest.fixture(scope="module")
def preprocessing(tmp_path_factory: pytest.TempPathFactory) -> TextPreprocessing:
    return reading(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def transformer(tmp_path_factory: pytest.TempPathFactory) -> Network:
    folder = bert_folder(tmp_path_factory.mktemp("bert"), initializer_range=0.3)
    _, built = load_pretrained(str(folder), "pretrained", {})
    torch.manual_seed(0)
    head = torch.nn.Linear(16, 3)
    return Network(
        built.module.pooled("mean"), head, built.preprocessing, features_of=as_they_are
    ).eval()


def explained_by(name: str, network: Network, texts: tuple[str, ...] = TEXTS, **given: object):
    made = [worded(network.preprocessing, text) for text in texts]
    explained = ExplainedTexts(network, **given)
    return word_methods.get(name)(explained, made, TARGETS[: len(texts)])


def per_token(network: Network, text: str, target: int) -> tuple[np.ndarray, float, tuple]:
    """Return what each token puts into the sum of the bag, what padding does, and the words."""
    made = worded(network.preprocessing, text)
    weight = network.head.weight[target] - network.head.weight[1 - target]
    values = network.backbone.encoder.table(torch.from_numpy(made.ids).long()) @ weight
    pad = network.backbone.encoder.table.weight[network.preprocessing.pad_id] @ weight
    return values.detach().double().numpy(), pad.item(), made.tokens


@pytest.mark.parametrize("name", ["integrated_gradients", "input_x_gradient"])
def test_of_a_bag_of_words_each_word_has_its_own_share(
    name: str, preprocessing: TextPreprocessing
) -> None:
    network = bag(preprocessing)
    found = explained_by(name, network)
    for text, target, weights in zip(TEXTS, TARGETS.tolist(), found, strict=True):
        values, pad, tokens = per_token(network, text, target)
        expected = [((values[t] - pad) / len(values)).sum() for t in tokens]
        np.testing.assert_allclose(weights, expected, atol=1e-5)


def test_a_word_in_two_windows_has_its_share_of_both(preprocessing: TextPreprocessing) -> None:
    network = bag(preprocessing.overridden(max_length=8))
    made = worded(network.preprocessing, TEXTS[3])
    held = np.bincount(np.concatenate(made.windows), minlength=len(made.ids))
    values, pad, tokens = per_token(network, TEXTS[3], 1)
    [weights] = explained_by("integrated_gradients", network, (TEXTS[3],))
    expected = [(held[t] * (values[t] - pad)).sum() / held.sum() for t in tokens]
    assert held[1:-1].max() == 2
    np.testing.assert_allclose(weights, expected, atol=1e-5)


def test_saliency_of_a_bag_of_words_is_alike_for_all_tokens(
    preprocessing: TextPreprocessing,
) -> None:
    network = bag(preprocessing)
    slope = (network.head.weight[1] - network.head.weight[0]).norm().item()
    for text, weights in zip(TEXTS, explained_by("saliency", network), strict=True):
        made = worded(preprocessing, text)
        expected = [slope * len(tokens) / len(made.ids) for tokens in made.tokens]
        np.testing.assert_allclose(weights, expected, rtol=1e-5)


def test_occlusion_is_the_score_less_that_of_the_text_without_the_word(
    preprocessing: TextPreprocessing,
) -> None:
    network = bag(preprocessing)
    found = explained_by("occlusion", network)
    for text, target, weights in zip(TEXTS, TARGETS.tolist(), found, strict=True):
        values, _, tokens = per_token(network, text, target)
        expected = [values.mean() - np.delete(values, t).mean() for t in tokens]
        np.testing.assert_allclose(weights, expected, atol=1e-5)


def test_of_a_long_text_neighbours_are_left_out_together(preprocessing: TextPreprocessing) -> None:
    network = bag(preprocessing)
    [made] = [worded(preprocessing, "the good film is a very happy story")]
    explained = ExplainedTexts(network)
    [weights] = Occlusion(parts=4)(explained, [made], TARGETS[:1])
    values, _, tokens = per_token(network, made.text, 1)
    both = np.concatenate([tokens[2], tokens[3]])
    assert weights[2] == weights[3]
    assert 2 * weights[2] == pytest.approx(values.mean() - np.delete(values, both).mean(), abs=1e-5)


def test_shapley_values_of_two_words_are_the_means_of_their_marginals(
    preprocessing: TextPreprocessing,
) -> None:
    network = bag(preprocessing)
    [weights] = explained_by("kernel_shap", network, ("bad film",))
    values, _, tokens = per_token(network, "bad film", 1)

    def mean(*hidden: int) -> float:
        return float(np.delete(values, [tokens[word][0] for word in hidden]).mean())

    first = ((mean(1) - mean(0, 1)) + (mean() - mean(0))) / 2
    second = ((mean(0) - mean(0, 1)) + (mean() - mean(1))) / 2
    np.testing.assert_allclose(weights, [first, second], atol=1e-5)


@pytest.mark.parametrize("name", SOUND)
def test_the_word_that_is_read_comes_first(name: str, preprocessing: TextPreprocessing) -> None:
    network = reader_of(preprocessing, 3, dull=2.0, happy=2.0)
    found = explained_by(name, network, (TEXTS[0], TEXTS[3]), seeds=torch.tensor([3, 4]))
    for text, weights in zip((TEXTS[0], TEXTS[3]), found, strict=True):
        words = worded(preprocessing, text).words
        assert words[int(np.abs(weights).argmax())] in ("dull", "happy")


@pytest.mark.parametrize("name", [*SOUND, *ATTENTION])
def test_a_text_is_explained_alike_alone_and_among_others(name: str, transformer: Network) -> None:
    together = explained_by(name, transformer)
    made = [worded(transformer.preprocessing, text) for text in TEXTS]
    for i, text in enumerate(made):
        explained = ExplainedTexts(transformer)
        [alone] = word_methods.get(name)(explained, [text], TARGETS[i : i + 1])
        assert together[i].shape == (len(text),)
        np.testing.assert_allclose(together[i], alone, atol=1e-4)


@pytest.mark.parametrize("name", [*SOUND, *ATTENTION])
def test_a_method_leaves_the_network_as_it_was(name: str, transformer: Network) -> None:
    before = copy.deepcopy(transformer.state_dict())
    kernel = transformer.backbone.encoder.config._attn_implementation
    transformer.train()
    transformer.requires_grad_(False)
    explained_by(name, transformer)
    assert transformer.training
    assert not any(p.requires_grad or p.grad is not None for p in transformer.parameters())
    transformer.requires_grad_(True)
    transformer.eval()
    assert transformer.backbone.encoder.config._attn_implementation == kernel
    assert not transformer.backbone.encoder.config.output_attentions
    assert all(torch.equal(before[k], v) for k, v in transformer.state_dict().items())


@pytest.mark.parametrize("name", ["integrated_gradients", "kernel_shap"])
def test_what_is_promised_is_kept(name: str, transformer: Network) -> None:
    made = [worded(transformer.preprocessing, text) for text in TEXTS]
    explained, method = ExplainedTexts(transformer), word_methods.get(name)
    promised = method.promised(explained, made, TARGETS)
    sums = [weights.sum() for weights in method(explained, made, TARGETS)]
    np.testing.assert_allclose(sums, promised, rtol=0.02, atol=1e-3)


def test_rollout_is_the_product_of_the_attentions(transformer: Network) -> None:
    """Against a plain loop over what the library itself returns."""
    encoder = copy.deepcopy(transformer.backbone.encoder)
    encoder.set_attn_implementation("eager")
    made = worded(transformer.preprocessing, TEXTS[0])
    ids = torch.from_numpy(made.ids).long()[None]
    with torch.no_grad():
        attentions = encoder(input_ids=ids, output_attentions=True).attentions
    flow = torch.eye(len(made.ids))
    for weights in attentions:
        flow = (weights[0].mean(0) / 2 + torch.eye(len(made.ids)) / 2) @ flow
    of_token = flow.mean(0).numpy()
    expected = [of_token[tokens].sum() for tokens in made.tokens]
    np.testing.assert_allclose(
        explained_by("attention_rollout", transformer)[0], expected, rtol=1e-4
    )


def test_chefers_relevance_is_the_sum_over_the_layers(transformer: Network) -> None:
    """Against a plain loop: equations 5 and 6, head by head."""
    encoder = copy.deepcopy(transformer.backbone.encoder)
    encoder.set_attn_implementation("eager")
    made = worded(transformer.preprocessing, TEXTS[0])
    ids = torch.from_numpy(made.ids).long()[None]
    found = encoder(input_ids=ids, output_attentions=True)
    score = log_odds_of_class(transformer.head(found[0].mean(1)), TARGETS[:1])
    gradients = torch.autograd.grad(score.sum(), found.attentions)
    n = len(made.ids)
    relevance = torch.eye(n)
    for weights, gradient in zip(found.attentions, gradients, strict=True):
        positive = torch.stack(
            [(w * g).clamp(min=0) for w, g in zip(weights[0], gradient[0], strict=True)]
        )
        relevance = relevance + positive.mean(0) @ relevance
    of_token = (relevance - torch.eye(n)).mean(0).detach().numpy()
    expected = [of_token[tokens].sum() for tokens in made.tokens]
    np.testing.assert_allclose(explained_by("chefer", transformer)[0], expected, rtol=1e-3)


def test_attention_knows_the_class_only_by_its_gradient(transformer: Network) -> None:
    made = [worded(transformer.preprocessing, TEXTS[0])]
    explained = ExplainedTexts(transformer)
    for name, alike in (("attention_rollout", True), ("chefer", False)):
        one, two = (
            word_methods.get(name)(explained, made, torch.tensor([target]))[0] for target in (0, 1)
        )
        assert np.allclose(one, two) == alike


def test_long_texts_are_explained_window_by_window(transformer: Network) -> None:
    network = copy.deepcopy(transformer)
    network.preprocessing = network.preprocessing.overridden(max_length=8)
    for name in (*SOUND, *ATTENTION):
        for text, weights in zip(TEXTS, explained_by(name, network), strict=True):
            assert len(weights) == len(worded(network.preprocessing, text))
            assert np.isfinite(weights).all()
            assert (weights != 0).all(), name


def test_a_causal_model_is_explained_by_its_attention_too(tmp_path: Path) -> None:
    _, built = load_pretrained(str(gpt2_folder(tmp_path)), "pretrained", {})
    network = Network(
        built.module.pooled("last"), torch.nn.Linear(16, 3), built.preprocessing,
        features_of=as_they_are,
    ).eval()  # fmt: skip
    for name in ATTENTION:
        weights = explained_by(name, network, ("a fine film",))[0]
        assert weights.shape == (3,)
        assert (weights > 0).all()


def test_a_classifier_as_it_comes_is_explained_too(tmp_path: Path) -> None:
    """Its logits hang on the state of the first token alone."""
    folder = bert_folder(
        tmp_path, "BertForSequenceClassification", num_labels=3, initializer_range=0.3
    )
    _, built = load_pretrained(str(folder), "pretrained", {})
    network = Network(
        built.module.pooled("logits"), torch.nn.Identity(), built.preprocessing,
        features_of=as_they_are,
    ).eval()  # fmt: skip
    example = worded(network.preprocessing, TEXTS[0])
    names = candidates(ExplainedTexts(network), example, candidate_names(None, "full"))
    assert set(names) == {*SOUND, *ATTENTION}
    for name in names:
        for weights in explained_by(name, network):
            assert np.isfinite(weights).all()
            assert weights.any(), name


@pytest.mark.parametrize("name", [*SOUND, *ATTENTION])
def test_the_tag_of_a_word_is_explained(name: str, tmp_path: Path) -> None:
    folder = bert_folder(tmp_path, initializer_range=0.3)
    _, built = load_pretrained(str(folder), "pretrained", {})
    torch.manual_seed(0)
    network = Network(
        built.module.pooled("words"), torch.nn.Linear(16, 3),
        built.preprocessing.overridden(words=True), features_of=as_they_are,
    ).eval()  # fmt: skip
    made = [
        worded(network.preprocessing, words) for words in (("the", "film"), ("a", "bad", "plot"))
    ]
    explained = ExplainedTexts(network, log_odds_of_tag)
    found = word_methods.get(name)(explained, made, torch.tensor([[1, 2], [0, 1]]))
    assert [len(weights) for weights in found] == [2, 3]
    assert all(np.isfinite(weights).all() and weights.any() for weights in found)


def test_attention_of_what_has_none_is_a_reason(preprocessing: TextPreprocessing) -> None:
    explained = ExplainedTexts(bag(preprocessing))
    example = worded(preprocessing, "a film")
    with pytest.raises(NotApplicable, match="no self-attention that can be read"):
        candidates(explained, example, ATTENTION)
    names = candidate_names(None, "full")
    assert names[0] == "integrated_gradients"
    assert set(names) == {*SOUND, *ATTENTION}
    assert set(candidates(explained, example, names)) == set(SOUND)
    assert "kernel_shap" not in candidate_names(None, "standard")


def test_an_unknown_method_is_an_error_with_the_nearest_name() -> None:
    with pytest.raises(UserError, match=r"'oclusion'.*Did you mean 'occlusion'"):
        candidate_names(["oclusion"], "quick")


def test_what_a_method_draws_depends_on_the_seed_of_the_text(transformer: Network) -> None:
    made = [worded(transformer.preprocessing, TEXTS[3])]
    one, again, other = (
        KernelShap(pairs=9)(ExplainedTexts(transformer, seeds=torch.tensor([s])), made, TARGETS[3:])
        for s in (1, 1, 2)
    )
    np.testing.assert_array_equal(one[0], again[0])
    assert not np.allclose(one[0], other[0])
