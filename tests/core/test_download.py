import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from huggingface_hub import constants

from finetrust.core.download import hub_or_its_cache, impatient


def test_connections_are_impatient_inside_and_as_before_outside():
    socket.setdefaulttimeout(99)
    try:
        with impatient():
            assert socket.getdefaulttimeout() == 15
        assert socket.getdefaulttimeout() == 99
    finally:
        socket.setdefaulttimeout(None)


def test_a_hub_that_does_not_answer_is_left_alone_until_the_block_ends(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{port}")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with hub_or_its_cache():
        assert constants.HF_HUB_OFFLINE
    assert not constants.HF_HUB_OFFLINE


@pytest.mark.parametrize("status", [200, 404, 503])
def test_a_hub_that_answers_anything_is_used(monkeypatch, status):

    class Answer(BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.handle_request, daemon=True).start()
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with hub_or_its_cache():
        assert not constants.HF_HUB_OFFLINE
    server.server_close()
