"""Fine-tune a pretrained model on labelled data and prove how far the result can be trusted."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from finetrust.api.compare import compare
    from finetrust.api.demo import demo
    from finetrust.api.ensemble import ensemble
    from finetrust.api.evaluate import evaluate
    from finetrust.api.gates import check_gates
    from finetrust.api.predict import predict
    from finetrust.api.run import Run, load
    from finetrust.api.search import search
    from finetrust.api.select import select
    from finetrust.api.soup import soup
    from finetrust.api.take import take
    from finetrust.api.tune import tune
    from finetrust.core.comparison import Comparison
    from finetrust.core.errors import UserError
    from finetrust.core.profile import TrustProfile
    from finetrust.data.dataset import Dataset
    from finetrust.models.preprocessing import Preprocessing
    from finetrust.selection.selection import Selection
    from finetrust.tuning.search.search import Search

_HOME = {
    "check_gates": "finetrust.api.gates",
    "compare": "finetrust.api.compare",
    "demo": "finetrust.api.demo",
    "ensemble": "finetrust.api.ensemble",
    "evaluate": "finetrust.api.evaluate",
    "load": "finetrust.api.run",
    "predict": "finetrust.api.predict",
    "search": "finetrust.api.search",
    "select": "finetrust.api.select",
    "soup": "finetrust.api.soup",
    "take": "finetrust.api.take",
    "tune": "finetrust.api.tune",
    "Comparison": "finetrust.core.comparison",
    "Dataset": "finetrust.data.dataset",
    "Preprocessing": "finetrust.models.preprocessing",
    "Run": "finetrust.api.run",
    "Search": "finetrust.tuning.search.search",
    "Selection": "finetrust.selection.selection",
    "TrustProfile": "finetrust.core.profile",
    "UserError": "finetrust.core.errors",
}

__all__ = [
    "Comparison",
    "Dataset",
    "Preprocessing",
    "Run",
    "Search",
    "Selection",
    "TrustProfile",
    "UserError",
    "check_gates",
    "compare",
    "demo",
    "ensemble",
    "evaluate",
    "load",
    "predict",
    "search",
    "select",
    "soup",
    "take",
    "tune",
]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import what is asked for and not before, so that ``import finetrust`` is quick."""
    if name not in _HOME:
        raise AttributeError(f"module 'finetrust' has no attribute '{name}'")
    return getattr(import_module(_HOME[name]), name)
