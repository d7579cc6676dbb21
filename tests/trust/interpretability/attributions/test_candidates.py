"""Which methods are tried: those asked for, or those of the effort that apply to the network."""

import pytest
import torch
from torch import nn

from finetrust.core.errors import NotApplicable, UserError
from finetrust.trust.interpretability.attributions.attribution import Explained, attributions
from finetrust.trust.interpretability.attributions.candidates import candidate_names, candidates

from ..square_reader import small_network


def test_more_effort_tries_more_methods_and_the_dearest_last() -> None:
    quick, standard, full = (candidate_names(None, e) for e in ("quick", "standard", "full"))
    assert set(quick) < set(standard) < set(full) == set(attributions.names())
    assert quick[:2] == standard[:2] == full[:2] == ["chefer", "grad_cam"]
    assert max(attributions.get(name).passes for name in quick) <= 3
    assert full[-1] == "rise"


def test_the_methods_that_the_user_names_are_taken_in_that_order() -> None:
    assert candidate_names(["rise", "saliency", "rise"], "quick") == ["rise", "saliency"]
    with pytest.raises(
        UserError, match=r"unknown attribution 'grad_cat'\. Did you mean 'grad_cam'"
    ):
        candidate_names(["grad_cat"], "quick")


def test_methods_that_cannot_explain_the_network_are_left_out() -> None:
    explained, example = Explained(small_network()), torch.rand(1, 3, 24, 24)
    names = candidate_names(None, "quick")
    found = candidates(explained, example, names)
    assert [name for name in names if name not in found] == ["chefer", "attention_rollout"]
    assert found[0] == "grad_cam"


def test_where_none_is_left_the_reasons_are_told() -> None:
    flat = Explained(nn.Sequential(nn.Flatten(), nn.Linear(3 * 64, 2)))
    with pytest.raises(
        NotApplicable, match=r"no attribution method explains this model\. Grad-CAM: "
    ):
        candidates(flat, torch.rand(1, 3, 8, 8), ["grad_cam", "layer_cam"])
    with pytest.raises(NotApplicable, match="no attribution method is asked for"):
        candidates(flat, torch.rand(1, 3, 8, 8), [])
