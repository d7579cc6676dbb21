"""Batches are a function of seed and epoch, whatever number of processes shares them."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from finetrust.models.features import compute_features
from finetrust.models.inference import Inference
from finetrust.models.preprocessing import Preprocessing
from finetrust.tasks.item_samples import ItemSamples
from finetrust.tuning.batches import FeatureBatches, InputBatches, n_batches
from models.words import WordPreprocessing, texts_of, word_network

from .runs import digits

WORDS = WordPreprocessing()
SAMPLES = ItemSamples(WORDS.transform(), WORDS.collate)


def text_batches(lengths, batch_size, seed, share=(0, 1)):
    return InputBatches(texts_of(lengths), SAMPLES, WORDS, batch_size, seed, seed, share, 0)


def rows_of(batches, epoch=0, start=0):
    """The rows of every batch, which the targets name."""
    return [targets.tolist() for _, targets in batches.epoch(epoch, start)]


some_lengths = st.lists(st.integers(1, 30), min_size=1, max_size=80)


@given(some_lengths, st.integers(1, 9), st.integers(0, 5), st.integers(0, 3))
def test_texts_of_like_length_share_full_batches_and_each_text_is_there_once(
    lengths, batch_size, seed, epoch
):
    batches = text_batches(lengths, batch_size, seed)
    found = rows_of(batches, epoch)
    assert len(found) == batches.per_epoch == n_batches(len(lengths), batch_size)
    rows = list(itertools.chain(*found))
    assert len(rows) == len(set(rows)) == min(len(lengths), batch_size * batches.per_epoch)
    spans = sorted((min(of), max(of)) for of in ([lengths[r] for r in part] for part in found))
    # 80 items at most are less than one bucket, and in it batches do not overlap in length.
    if batch_size > 2:
        assert all(a[1] <= b[0] for a, b in itertools.pairwise(spans))


@given(some_lengths, st.integers(1, 9))
def test_every_text_is_validated_once_the_shortest_first(lengths, batch_size):
    batches = text_batches(lengths, batch_size, None)
    rows = list(itertools.chain(*rows_of(batches)))
    assert sorted(rows) == list(range(len(lengths)))
    assert [lengths[row] for row in rows] == sorted(lengths)
    assert rows_of(batches, epoch=3) == rows_of(batches)


LENGTHS = np.random.default_rng(0).geometric(0.08, 900).clip(1, 60).tolist()


def test_batches_of_texts_depend_on_seed_and_epoch_alone():
    one = rows_of(text_batches(LENGTHS, 8, 1), 2)
    assert rows_of(text_batches(LENGTHS, 8, 1), 2) == one
    assert rows_of(text_batches(LENGTHS, 8, 2), 2) != one
    assert rows_of(text_batches(LENGTHS, 8, 1), 3) != one


def test_a_text_meets_others_in_every_epoch():
    batches = text_batches(LENGTHS, 8, 0)

    def company(epoch):
        return {frozenset(rows) for rows in rows_of(batches, epoch)}

    assert not company(0) & company(1)


def test_long_and_short_texts_take_turns():
    means = [
        np.mean([LENGTHS[row] for row in rows]) for rows in rows_of(text_batches(LENGTHS, 8, 0))
    ]
    rising = np.mean(np.diff(means) > 0)
    assert 0.3 < rising < 0.7


def test_buckets_pad_far_less_than_a_random_order():
    def padding(parts):
        padded = sum(len(rows) * max(LENGTHS[row] for row in rows) for rows in parts)
        return padded - sum(LENGTHS[row] for rows in parts for row in rows)

    order = np.random.default_rng(0).permutation(len(LENGTHS))
    at_random = [order[i : i + 8].tolist() for i in range(0, len(order) - 7, 8)]
    found = padding(rows_of(text_batches(LENGTHS, 8, 0)))
    assert found < 0.1 * padding(at_random)


@pytest.mark.parametrize("start", [0, 1, 40, 111, 112])
def test_an_epoch_of_texts_goes_on_where_it_was_left(start):
    batches = text_batches(LENGTHS, 8, 0)
    assert batches.per_epoch == 112
    assert rows_of(batches, 1, start) == rows_of(batches, 1)[start:]


@pytest.mark.parametrize("seed", [0, None])
def test_two_processes_share_out_the_batches_of_one(seed):
    whole = rows_of(text_batches(LENGTHS, 8, seed))
    halves = [rows_of(text_batches(LENGTHS, 8, seed, (rank, 2))) for rank in (0, 1)]
    assert [len(half) for half in halves] == [len(whole)] * 2
    for rows, *parts in zip(whole, *halves, strict=True):
        assert sorted(itertools.chain(*parts)) == sorted(rows)


def test_inputs_and_targets_of_a_batch_belong_together():
    texts = texts_of(LENGTHS[:50])
    batches = InputBatches(texts, SAMPLES, WORDS, 8, 0, 0, (0, 1), 0)
    for inputs, targets in batches.epoch(0, 0):
        for ids, mask, row in zip(inputs["ids"], inputs["mask"], targets.tolist(), strict=True):
            assert ids[mask].tolist() == [len(word) for word in texts.inputs[row]]


PIXELS = Preprocessing(8, 8, "bilinear", (0.5,) * 3, (0.5,) * 3)


def test_images_come_in_the_plain_order_of_the_epoch():
    from finetrust.data.loader import epoch_order

    data = digits().split("train")
    samples = ItemSamples(PIXELS.transform(), PIXELS.collate)
    batches = InputBatches(data, samples, PIXELS, 8, 5, 5, (0, 1), 0)
    targets = torch.cat([targets for _, targets in batches.epoch(2, 0)])
    order = epoch_order(len(data), 5, 2)[: batches.per_epoch * 8]
    assert targets.tolist() == data.targets[order].tolist()
    images = torch.cat([inputs for inputs, _ in batches.epoch(2, 0)])
    assert torch.equal(images, torch.stack([PIXELS.transform()(data.inputs[i]) for i in order]))


def test_augmented_images_are_others_in_every_epoch_and_the_same_when_it_is_resumed():
    data = digits().split("train")
    samples = ItemSamples(PIXELS.augmented("crop"), PIXELS.collate)
    batches = InputBatches(data, samples, PIXELS, 50, 5, 5, (0, 1), 0)
    [(first, _)], [(again, _)], [(next_one, _)] = (
        list(batches.epoch(epoch, 0)) for epoch in (0, 0, 1)
    )
    assert torch.equal(first, again)
    by_epoch = (sorted(image.sum().item() for image in images) for images in (first, next_one))
    assert len(set(map(tuple, by_epoch))) == 2
    small = InputBatches(data, samples, PIXELS, 10, 5, 5, (0, 1), 0)
    resumed = torch.cat([inputs for inputs, _ in small.epoch(0, 3)])
    assert torch.equal(resumed, first[30:])


def test_features_of_texts_come_with_the_targets_of_their_items(monkeypatch, tmp_path):
    monkeypatch.setenv("FINETRUST_CACHE", str(tmp_path))
    texts, network = texts_of([5, 1, 9, 2, 1, 7]), word_network()
    features = compute_features(Inference(network), texts, workers=0)
    batches = FeatureBatches(features, texts, SAMPLES, 3, 0, (0, 1))
    assert batches.per_epoch == 2
    seen = []
    for found, targets in batches.epoch(0, 0):
        seen += targets.tolist()
        for of_text, row in zip(found, targets.tolist(), strict=True):
            own = WORDS.collate([WORDS.transform()(texts.inputs[row])])
            with torch.no_grad():
                expected = network.features(own)[0]
            torch.testing.assert_close(of_text[: len(expected)], expected)
            assert of_text[len(expected) :].eq(0).all()
    assert sorted(seen) == list(range(6))


def test_data_without_items_have_no_batches():
    assert list(text_batches([], 8, 0).epoch(0, 0)) == []
    assert list(text_batches([], 8, None).epoch(0, 0)) == []
