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
