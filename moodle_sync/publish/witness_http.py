"""HTTP for a witness: one path, one method, small bodies. Everything that is decided is decided in ``witnessing``.

Without TLS: it listens on this machine, behind a web server that has the certificate.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from moodle_sync.publish.witnessing import Answer, Witness

PATH = "/add-checkpoint"
_MOST = 64 * 1024
_log = logging.getLogger(__name__)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    witness: Witness


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    server: _Server

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if self.path != PATH:
            self._answer(Answer(404, b"there is nothing but /add-checkpoint\n"), close=True)
        elif not length.isascii() or not length.isdecimal() or int(length) > _MOST:
            self._answer(Answer(413, b"too long, or of unknown length\n"), close=True)
        else:
            self._answer(self.server.witness.add_checkpoint(self.rfile.read(int(length))))

    def _answer(self, answer: Answer, *, close: bool = False) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        if close:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:
        _log.info(format, *args)


@contextmanager
def listening(witness: Witness, host: str, port: int) -> Iterator[tuple[str, ThreadingHTTPServer]]:
    """A bound server (port 0: a free one), its address, and its socket closed afterwards. The caller serves.

    Raises:
        OSError: the address is taken, or is not one of this machine.
    """
    server = _Server((host, port), _Handler)
    server.witness = witness
    try:
        yield f"http://{server.server_address[0]!s}:{server.server_address[1]}", server
    finally:
        server.server_close()
