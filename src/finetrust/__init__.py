"""Fine-tune a pretrained model on labelled data and prove how far the result can be trusted."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from finetrust.api.compare import compare
    from finetrust.api.demo import demo
    from finetrust.api.evaluate import evaluate
    from finetrust.api.gates import check_gates
    from finetrust.api.predict import predict
    from finetrust.api.run import Run, load
    from finetrust.api.tune import tune
    from finetrust.core.comparison import Comparison
    from finetrust.core.errors import UserError
    from finetrust.core.profile import TrustProfile
    from finetrust.data.dataset import Dataset
    from finetrust.models.preprocessing import Preprocessing

_HOME = {
    "check_gates": "finetrust.api.gates",
    "compare": "finetrust.api.compare",
    "demo": "finetrust.api.demo",
    "evaluate": "finetrust.api.evaluate",
    "load": "finetrust.api.run",
    "predict": "finetrust.api.predict",
    "tune": "finetrust.api.tune",
    "Comparison": "finetrust.core.comparison",
    "Dataset": "finetrust.data.dataset",
    "Preprocessing": "finetrust.models.preprocessing",
    "Run": "finetrust.api.run",
    "TrustProfile": "finetrust.core.profile",
    "UserError": "finetrust.core.errors",
}

__all__ = [
    "Comparison",
    "Dataset",
    "Preprocessing",
    "Run",
    "TrustProfile",
    "UserError",
    "check_gates",
    "compare",
    "demo",
    "evaluate",
    "load",
    "predict",
    "tune",
]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import what is asked for and not before, so that ``import finetrust`` is quick."""
    if name not in _HOME:
        raise AttributeError(f"module 'finetrust' has no attribute '{name}'")
    return getattr(import_module(_HOME[name]), name)
