import numpy as np
from sklearn.datasets import load_digits

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
