"""What the record of a run says of its model, its data and its phases."""

from dataclasses import asdict
from typing import Any

from finetrust.api.versions import versions
from finetrust.config import TuneOptions
from finetrust.data.dataset import SPLITS, Dataset
from finetrust.models.assemble import Assembled
from finetrust.models.network import Network


def facts_of_run(
    options: TuneOptions,
    task_name: str,
    assembled: Assembled,
    network: Network,
    dataset: Dataset,
) -> dict[str, Any]:
    splits = {f"n_{name}": int((dataset.splits == name).sum()) for name in SPLITS}
    provenance = asdict(assembled.provenance)
    parameters = sum(p.numel() for p in network.parameters())
    return {
        "task": task_name,
        "strategy": options.strategy,
        "classes": list(dataset.classes),
        "model": {
            **provenance,
            "parameters": parameters,
            "preprocessing": network.preprocessing.to_dict(),
        },
        "data": {"name": dataset.name, **splits, "fingerprint": dataset.fingerprint},
        "versions": versions(),
    }
