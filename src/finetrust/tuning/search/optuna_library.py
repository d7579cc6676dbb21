"""Optuna, imported where it is used: it comes with an extra."""

from types import ModuleType

from finetrust.core.errors import UserError


def optuna_library() -> ModuleType:
    """Return the module, which reports warnings and errors only.

    Raises
    ------
    UserError
        If it is not installed; the extra is named.
    """
    try:
        import optuna
    except ImportError as error:
        raise UserError(
            "a search needs Optuna, which is not installed", "pip install 'finetrust[search]'"
        ) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
