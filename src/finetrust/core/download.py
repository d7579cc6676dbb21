"""Downloads that give up soon, so that a machine without a network hears of it in seconds."""

import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

_PATIENCE = 15.0
_PROBE = 5.0


@contextmanager
def impatient() -> Iterator[None]:
    """Let no connection stay silent for more than 15 seconds."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_PATIENCE)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


@contextmanager
def hub_or_its_cache() -> Iterator[None]:
    """Try Hugging Face's hub once; if it does not answer, let only its local cache be used.

    Left alone, huggingface_hub repeats every request for most of a minute.
    """
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = before or not _answers(constants.ENDPOINT)
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def _answers(address: str) -> bool:
    request = urllib.request.Request(address, method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=_PROBE):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
