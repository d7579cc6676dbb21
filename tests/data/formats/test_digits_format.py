import numpy as np
import pytest
from sklearn.datasets import load_digits

from finetrust.core.errors import UserError
from finetrust.data.source import open_dataset


def test_digits_are_those_of_scikit_learn_as_pictures() -> None:
    dataset, original = open_dataset("digits"), load_digits()
    assert len(dataset) == 1797
    assert dataset.classes == tuple("0123456789")
    assert dataset.ids[1] == "digits/0001"
    assert dataset.targets.tolist() == original.target.tolist()
    grey = np.asarray(dataset.inputs[7])[:, :, 0]
    assert np.array_equal(np.round(grey / 255 * 16), original.images[7])


def test_few_labelled_digits_name_their_splits() -> None:
    dataset = open_dataset("digits:5")
    assert dataset.ids == open_dataset("digits").ids
    for split, each in (("train", 5), ("val", 5)):
        assert np.bincount(dataset.split(split).targets).tolist() == [each] * 10
    assert len(dataset.split("test")) == 1697


def test_more_digits_than_there_are_name_the_most_that_can_be_had() -> None:
    for name in ("digits:87", "digits:200", "digits:0"):
        with pytest.raises(UserError, match=f"{name}: .* Give digits:N with N from 1 to 86"):
            open_dataset(name)
    assert np.bincount(open_dataset("digits:86").split("test").targets).min() > 0
