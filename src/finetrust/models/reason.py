"""The cause of a failure in one line, for error messages."""


def reason(error: BaseException) -> str:
    """Return the first line that `error` says, or its type if it says nothing."""
    said = str(error).strip().splitlines()
    return said[0].rstrip(". ") if said else type(error).__name__
