"""BitFit: of what is pretrained the biases train, and nothing else (Ben Zaken, Goldberg & Ravfogel 2022)."""

from typing import Any, ClassVar

from torch import nn

from finetrust.config import TuneOptions
from finetrust.core.errors import UserError
from finetrust.models.network import Network
from finetrust.tuning.addition import Addition, End, Planned, Start, additions
from finetrust.tuning.pretrained_start import pretrained_parameters
from finetrust.tuning.strategy import Phase
from finetrust.tuning.what_trains import PLACE, at_one_rate, check_what_trains

RATE = 1e-3
"""The highest of the rates that the paper chose among for BERT, 1e-4 to 1e-3."""


@additions.register("bitfit")
class BitFit(Addition):
    """Biases and what is new train, with one learning rate in all layers.

    Ben Zaken, Goldberg & Ravfogel (2022), "BitFit: Simple Parameter-efficient Fine-tuning for
    Transformer-based Masked Language-models", ACL, section 3. All biases are meant, of norms too: of a
    network without others, such as a residual network, the shifts of its norms train. Batch norm whose
    shift trains takes its statistics from the data, as in full fine-tuning.
    """

    place: ClassVar[str] = PLACE

    def check(self, planned: Planned) -> None:
        check_what_trains("bitfit", planned)

    def check_network(self, network: Network) -> None:
        if not _biases(network):
            raise UserError(
                "bitfit trains biases, and what is pretrained in this network has none",
                "Choose lora, or let all weights train: --strategy full.",
            )

    def phases(self, phases: list[Phase], options: TuneOptions) -> list[Phase]:
        return at_one_rate(phases, options, RATE)

    def trains(self, start: Start, phase: Phase) -> frozenset[str]:
        return frozenset(_biases(start.network))

    def finish(self, end: End) -> dict[str, Any]:
        biases = _biases(end.network)
        of_norms = [name for name in biases if _is_of_norm(end.network, name)]
        return {
            "biases": sum(bias.numel() for bias in biases.values()),
            "of_norms": sum(biases[name].numel() for name in of_norms),
        }


def _biases(network: Network) -> dict[str, nn.Parameter]:
    """Return the pretrained biases by name: vectors that are called so."""
    return {
        name: parameter
        for name, parameter in pretrained_parameters(network).items()
        if "bias" in name.rpartition(".")[2] and parameter.ndim == 1
    }


def _is_of_norm(network: Network, name: str) -> bool:
    """Return whether a bias stands beside weights that are a vector too, or beside none."""
    owner = network.get_submodule(name.rpartition(".")[0])
    return all(parameter.ndim < 2 for parameter in owner.parameters(recurse=False))
