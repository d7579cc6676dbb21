"""The trial of the explanations themselves on explanations of which it is known what they are worth."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from finetrust.config import EvaluateOptions
from finetrust.core.errors import NotApplicable, UserError
from finetrust.core.measure import Estimate
from finetrust.core.predictions import Predictions
from finetrust.models.network import Network
from finetrust.trust.interpretability.attributions.attribution import attributions
from finetrust.trust.interpretability.sanity.allowance import FEWEST, allowance_of
from finetrust.trust.interpretability.sanity.completeness import completeness_errors
from finetrust.trust.interpretability.sanity.harmless import chosen_changes
from finetrust.trust.interpretability.sanity.permuted_labels import (
    fitted_head,
    training_items,
    with_permuted_labels,
)
from finetrust.trust.interpretability.sanity.trial import Sanity

from ...pixels import dataset_of
from . import worlds
from .worlds import CLASSES, SIDE, bench_of, evidence_of, figures, held, network_of, pictures, plant


def convolutional(n: int = 10, **options: object):
    return bench_of(network_of(worlds.backbone()), pictures(n), **options)


def with_digests(n: int, seed: int = 5):
    dataset = dataset_of(pictures(n, seed), np.arange(n) % len(CLASSES), CLASSES)
    return replace(dataset, digests=tuple(f"{i:08x}" for i in range(n)))


def test_an_edge_detector_is_not_to_be_believed_and_gradients_are(monkeypatch):
    plant(monkeypatch, planted_edges=worlds.edges)
    bench = convolutional(attributions="planted_edges,saliency")
    found = figures("weight_randomisation", evidence_of(bench, "planted_edges", "saliency"))
    planted, saliency = found[""], found["method=saliency"]
    assert (planted.value, planted.n) == (0, 10)
    assert planted.details["verdict"] == "not to be believed"
    assert planted.details["believed"] is False
    assert planted.details["sentence"] == (
        "Planted is not to be believed: its explanations stay the same when the network forgets all "
        "it learned; only 0 of 10 change."
    )
    assert [stage["rank_correlation"]["value"] for stage in planted.details["curve"]] == [1, 1, 1]
    assert saliency.details["believed"] is True
    assert saliency.value > 0.7
    assert saliency.secondary


def test_gradients_of_a_linear_network_change_with_its_weights():
    network = network_of(worlds.linear(), 3 * SIDE * SIDE)
    bench = bench_of(network, pictures(8), attributions="input_x_gradient")
    found = figures("weight_randomisation", evidence_of(bench, "input_x_gradient"))[""]
    assert (found.value, found.details["verdict"]) == (1, "changes with the weights")
    assert len(found.details["curve"]) == 1
    assert (
        "its explanations depend on what the network learned; 8 of 8" in found.details["sentence"]
    )


def test_a_map_that_goes_with_the_image_is_stable_and_one_that_stays_is_not(monkeypatch):
    names = plant(monkeypatch, bright=worlds.brightness, ramp=worlds.ramp)
    bench = convolutional(attributions=names, harmless_changes="flip,shift,vertical_flip")
    evidence = evidence_of(bench, "bright", "ramp")
    found = figures("explanation_stability", evidence)
    for subset in ("", "change=flip", "change=shift", "change=vertical_flip"):
        assert isinstance(found[subset], Estimate)
        assert found[subset].value == pytest.approx(1)
    ramp = found["method=ramp"].details["changes"]
    assert ramp["flip"]["value"] == pytest.approx(-1)
    assert ramp["shift"]["value"] == pytest.approx(1)  # the order from left to right stays
    assert ramp["vertical_flip"]["value"] == pytest.approx(1)


def test_light_and_contrast_keep_the_order_of_brightness(monkeypatch):
    bench = convolutional(attributions=plant(monkeypatch, bright=worlds.brightness))
    changes = figures("explanation_stability", evidence_of(bench, "bright"))[""].details["changes"]
    assert set(changes) == {"flip", "shift", "jpeg", "colour", "brightness", "contrast"}
    assert changes["brightness"]["value"] == pytest.approx(1, abs=1e-4)
    assert changes["contrast"]["value"] == pytest.approx(1, abs=1e-4)
    assert 0.5 < changes["jpeg"]["value"] < 1


class LeftColumn(nn.Module):
    """Features of the brightness of the left border alone."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(1.0))

    def forward(self, images):
        bright = self.scale * images[:, :, :, 0].mean(dim=(1, 2))
        return torch.stack([bright, -bright], dim=1)


def test_only_items_of_which_the_answer_stays_and_pixels_change_are_compared(monkeypatch):
    head = nn.Linear(2, len(CLASSES))
    head.weight = nn.Parameter(10 * torch.eye(len(CLASSES), 2))
    head.bias = nn.Parameter(torch.zeros(len(CLASSES)))
    plain = network_of(worlds.backbone()).preprocessing
    pixels = pictures(9)
    pixels[:, :, 0], pixels[:, :, -1] = 200, 40
    pixels[:3, :, -1] = 210  # these stay bright as they are mirrored
    pixels[3:5] = 200  # and these are the same
    network = Network(LeftColumn(), head, plain).eval()
    bench = bench_of(
        network, pixels, attributions=plant(monkeypatch, bright=worlds.brightness),
        harmless_changes="flip",
    )  # fmt: skip
    table = held(bench, "bright")["sanity"]
    np.testing.assert_array_equal(table["answer-flip"], [1, 1, 1, np.nan, np.nan, 0, 0, 0, 0])
    known = np.isfinite(table["bright.harmless-flip"])
    np.testing.assert_array_equal(known, [True] * 3 + [False] * 6)
    found = figures("explanation_stability", evidence_of(bench, "bright"))["change=flip"]
    assert found.n == 3
    assert (found.details["answer_changed"], found.details["unaltered"]) == (4, 2)
    assert found.details["without_figure"] == 6


def test_changes_are_those_that_the_user_holds_for_harmless():
    def names(mirrored_alike: bool = True, **options: object) -> list[str]:
        chosen = EvaluateOptions.model_validate(options)
        return [change.name for change in chosen_changes(chosen, mirrored_alike, SIDE)]

    assert names() == ["flip", "shift", "jpeg", "colour", "brightness", "contrast"]
    assert names(mirrored_alike=False) == names()[1:]
    assert names(harmless_changes="vertical_flip,rotation,jpeg") == ["vertical_flip", "jpeg"]
    assert names(harmless_changes="none") == []


@given(st.integers(2, 40), st.integers(0, 1000))
def test_what_is_changed_is_laid_back_place_by_place(side: int, seed: int):
    images = torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(seed))
    options = EvaluateOptions.model_validate({"harmless_changes": "flip,shift,vertical_flip"})
    for change in chosen_changes(options, True, side):
        maps, others = change.laid_back(images[:, 0], change.apply(images)[:, 0])
        assert torch.equal(maps, others)
        assert maps.numel() >= images[:, 0].numel() * (1 - 1 / min(side, 16)) - 1e-9


def test_a_head_learns_permuted_labels_by_heart_and_the_rest_stays():
    training = with_digests(8)
    bench = convolutional(training=training)
    assert len(training_items(bench)) == 8
    changed = with_permuted_labels(bench, training)
    labels = np.random.default_rng(0).permutation(training.targets)
    pixels = torch.from_numpy(training.inputs.pixels).permute(0, 3, 1, 2).float() / 255
    with torch.no_grad():
        answers = changed(pixels).argmax(dim=1).numpy()
    np.testing.assert_array_equal(answers, labels)
    assert not np.array_equal(labels, training.targets)
    for name, values in bench.network.backbone.state_dict().items():
        assert torch.equal(values, changed.backbone.state_dict()[name])


def test_a_fitted_head_is_that_of_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    features, labels = 5 * rng.normal(size=(80, 4)) + 3, rng.integers(0, 3, 80)
    scaled = (features - features.mean(0)) / features.std(0)
    peer = LogisticRegression(C=1 / (1e-3 * 80), tol=1e-10, max_iter=2000).fit(scaled, labels)
    weight, bias = fitted_head(torch.from_numpy(features), torch.from_numpy(labels), 3)
    found = torch.softmax(torch.from_numpy(features) @ weight.T + bias, dim=1)
    np.testing.assert_allclose(found, peer.predict_proba(scaled), atol=1e-4)


def test_labels_are_permuted_where_training_items_and_a_linear_head_are_known(monkeypatch):
    plant(monkeypatch, planted_edges=worlds.edges)
    names = ("planted_edges", "saliency")
    bench = convolutional(training=with_digests(12), attributions=",".join(names))
    found = figures("label_randomisation", evidence_of(bench, *names))
    assert (found[""].value, found[""].details["verdict"]) == (
        0,
        "does not change with the labels",
    )
    assert "nearly the same whatever the classes mean; 0 of 10" in found[""].details["sentence"]
    assert found["method=saliency"].value > 0
    without = convolutional(attributions=",".join(names))
    assert "saliency.labels" not in held(without, *names)["sanity"]
    with pytest.raises(NotApplicable, match="training items are not known"):
        figures("label_randomisation", evidence_of(without, *names))
    network = network_of(worlds.backbone())
    network.head = nn.Sequential(network.head, nn.ReLU())
    bent = bench_of(network, pictures(4), training=with_digests(8), attributions=",".join(names))
    assert training_items(bent) is None
    with pytest.raises(NotApplicable, match="does not end with a linear layer"):
        figures("label_randomisation", evidence_of(bent, *names, data={"n_train": 8}))


def test_integrated_gradients_keep_their_promise_and_a_doubled_map_does_not():
    bench = convolutional(n=3, attributions="integrated_gradients", trial_items=3)
    evidence = evidence_of(bench, "integrated_gradients")
    kept = figures("completeness_error", evidence)
    assert kept[""].value < 0.02
    assert kept["method=integrated_gradients"].value == kept[""].value
    images = torch.from_numpy(pictures(3)).permute(0, 3, 1, 2).float() / 255
    targets = torch.zeros(3, dtype=torch.int64)
    with torch.no_grad():
        ends = torch.stack([images, 0 * images, 0 * images + 1])
        logits = torch.stack([bench.network(end)[:, 0] for end in ends])
    promised = logits[0] - logits[1:].mean(0)
    exact = (promised / SIDE**2)[:, None, None].expand(3, SIDE, SIDE)
    for factor, expected in ((1, 0), (2, 1), (0, 1)):
        error = completeness_errors(
            "integrated_gradients", bench.network, factor * exact, images, targets
        )
        np.testing.assert_allclose(error, expected, atol=1e-5)


@given(st.integers(1, 500), st.integers(1, 10**6), st.sampled_from(sorted(FEWEST)))
def test_no_method_is_tried_on_too_few_items_or_more_than_there_are(n, each, effort):
    allowed = allowance_of(effort, n)
    for items in (allowed.judged(each), allowed.moved(each, True), allowed.compared(each)):
        assert min(6, n) <= items <= n
    assert 1 <= allowed.moved(each) <= allowed.moved(each, True)
    assert allowed.judged(each) <= allowed.judged(max(1, each // 2))


def test_costly_methods_are_tried_on_fewer_items_that_are_among_those_of_the_others(monkeypatch):
    plant(monkeypatch, bright=worlds.brightness)
    plant(monkeypatch, passes=10_000, slow=worlds.brightness)
    bench = convolutional(n=30, attributions="bright,slow", effort="quick")
    tables = held(bench, "bright", "slow")
    table, pairs = tables["sanity"], tables["agreement"]
    assert table["slow.judged"].sum() == np.isfinite(table["slow.weights-1"]).sum() == 6
    assert table["slow.moved"].sum() == np.isfinite(table["slow.sensitivity_max"]).sum() == 3
    assert table["bright.judged"].sum() == table["bright.moved"].sum() == len(table) == 30
    assert not (table["slow.moved"] & ~table["slow.judged"]).any()
    assert pairs["bright|slow.compared"].sum() == np.isfinite(pairs["bright|slow.rank"]).sum() == 6
    known = pairs["bright|slow.compared"] == 1
    np.testing.assert_allclose(pairs["bright|slow.rank"][known], 1)
    np.testing.assert_allclose(pairs["bright|slow.top"][known], 1)
    found = figures("weight_randomisation", evidence_of(bench, "bright", "slow"))["method=slow"]
    assert (found.n, found.details["without_figure"]) == (6, 0)


def test_the_table_is_the_same_in_any_batches_and_the_network_is_left_as_it_is():
    network = network_of(worlds.backbone())
    before = copy.deepcopy(network.state_dict())
    options = {"attributions": "saliency,grad_cam", "effort": "quick"}
    one, other = (
        held(bench_of(network, pictures(8), batch_size=size, **options), "grad_cam", "saliency")
        for size in (3, 8)
    )
    for step, table in one.items():
        assert table.ids.tolist() == other[step].ids.tolist()
        for name, values in table.columns.items():
            np.testing.assert_allclose(
                values.astype(float), other[step][name].astype(float), atol=1e-4, err_msg=name
            )
    for name, values in before.items():
        assert torch.equal(values, network.state_dict()[name])
    assert not any(p.grad is not None for p in network.parameters())


def test_the_columns_are_those_that_others_read():
    bench = convolutional(
        n=4, attributions="saliency,grad_cam", training=with_digests(8), trial_items=3
    )
    tables = held(bench, "grad_cam", "saliency")
    stages = range(1, 4)  # two convolutions and the head
    figures_of_all = {
        *(f"{kind}-{stage}" for kind in ("weights", "absolute", "similarity") for stage in stages),
        "labels", "sensitivity_max", "sensitivity_mean", "entropy", "gini", "judged", "moved",
        *(f"harmless-{change}" for change in ("flip", "shift", "jpeg", "colour", "brightness", "contrast")),
    }  # fmt: skip
    columns = set(tables["sanity"].columns)
    for method in ("saliency", "grad_cam"):
        assert {
            c.partition(".")[2] for c in columns if c.startswith(method + ".")
        } == figures_of_all
    assert {"answer-flip", "answer-contrast"} <= columns
    assert len(tables["sanity"]) == 3
    assert set(tables["agreement"].columns) == {
        f"saliency|grad_cam.{figure}" for figure in ("rank", "top", "compared")
    }


def test_what_a_step_depends_on_and_costs_is_told():
    bench = convolutional(attributions="saliency")
    (step,) = Sanity().plan(bench)
    assert step.name == "sanity"
    assert step.forward > 10 * attributions.get("saliency").passes
    other = convolutional(attributions="saliency", training=with_digests(8))
    assert Sanity().plan(other)[0].settings["training"] != step.settings["training"] is None
    fewer = convolutional(attributions="saliency", harmless_changes="flip")
    assert Sanity().plan(fewer)[0].settings["changes"] == ["flip"]


def test_where_there_is_nothing_to_explain_it_is_not_held():
    bench = convolutional(n=3, attributions="saliency")
    columns = {**bench.clean.columns, "logits": np.full((3, len(CLASSES)), np.nan)}
    with pytest.raises(NotApplicable, match="an answer about no item"):
        Sanity().plan(replace(bench, clean=Predictions(bench.clean.ids, columns)))
    wrong = EvaluateOptions.model_validate({"attributions": "grad_camm"})
    with pytest.raises(UserError, match="Did you mean 'grad_cam'"):
        Sanity().check(wrong, worlds.TASK)
    wrong = EvaluateOptions.model_validate({"harmless_changes": "flop"})
    with pytest.raises(UserError, match="Did you mean 'flip'"):
        Sanity().check(wrong, worlds.TASK)
