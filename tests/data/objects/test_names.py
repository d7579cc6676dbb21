"""Which image a name means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetrust.core.errors import UserError
from finetrust.data.objects.names import match_names


@pytest.mark.parametrize(
    ("id_", "name"),
    [
        ("cat/x.jpg", "cat/x"),
        ("test/cat/x.jpg", "cat/x"),
        ("test/cat/x.jpg", "x"),
        ("cat/x.jpg", "test/cat/x"),
        ("cat/x.jpg", "/data/test/cat/x.png"),
        ("./cat/x.JPG", "cat\\x.jpg"),
        ("17", "17"),
        ("v1.5", "v1.5"),
    ],
)
def test_paths_mean_the_same_if_one_is_the_end_of_the_other(id_: str, name: str) -> None:
    assert match_names([id_], [name], "masks") == [name]


def test_others_do_not() -> None:
    names = ["dog/x", "ax", "cat/x/y"]
    assert match_names(["cat/x.jpg", "x2.jpg", "a/y"], names, "masks") == [None] * 3


def test_of_several_the_longest_is_meant() -> None:
    found = match_names(["test/cat/x.jpg", "test/dog/x.jpg"], ["x", "cat/x"], "masks")
    assert found == ["cat/x", "x"]


def test_what_is_not_clear_is_refused() -> None:
    with pytest.raises(UserError, match=r"x in masks may mean the image cat/x\.jpg or dog/x\.jpg"):
        match_names(["cat/x.jpg", "dog/x.jpg"], ["x"], "masks")
    with pytest.raises(UserError, match=r"x\.jpg may be meant by cat/x or dog/x"):
        match_names(["x.jpg"], ["cat/x", "dog/x"], "masks")
    with pytest.raises(UserError, match=r"x\.jpg and x\.png mean the same image"):
        match_names(["x.jpg"], ["x.jpg", "x.png"], "masks")


PATHS = st.lists(st.text("abc", min_size=1, max_size=2), min_size=1, max_size=3).map("/".join)


@given(
    st.lists(PATHS, unique=True, max_size=8).flatmap(
        lambda ids: st.tuples(st.just(ids), st.permutations(ids))
    )
)
def test_each_finds_its_own_in_any_order(drawn: tuple[list[str], list[str]]) -> None:
    ids, names = drawn
    assert match_names([f"{id_}.jpg" for id_ in ids], names, "masks") == ids
