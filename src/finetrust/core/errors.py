"""The two errors that finetrust raises on purpose."""


class UserError(Exception):
    """Something the user can mend: what was found, and what to do about it.

    The command line prints it as one line and exits with code 2.

    Parameters
    ----------
    found : str
        What was found and where (file, row, option), and what was expected.
    mend : str
        What to do about it, as an imperative sentence.
    """

    def __init__(self, found: str, mend: str) -> None:
        super().__init__(f"{found.rstrip('.')}. {mend}")
        self.found = found
        self.mend = mend


class NotApplicable(Exception):  # noqa: N818 (an outcome, not a fault)
    """Raised by a measure that has no meaning here; its text is the reason shown to the reader."""
