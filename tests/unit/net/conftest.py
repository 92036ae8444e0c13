"""A server on the loopback that answers exactly the bytes it is told to, to see how the client takes them."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

Reply = Callable[[socket.socket], None]


def say(data: bytes) -> Reply:
    """Answers these bytes, then closes in an orderly way."""
    return lambda connection: connection.sendall(data)


def reset(connection: socket.socket) -> None:
    """Closes with a TCP reset, as a server does that is killed."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def answer(status: str, body: bytes = b"", *headers: str) -> Reply:
    """An HTTP answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return say("\r\n".join([*lines, "", ""]).encode() + body)


@dataclass
class Server:
    """Answers each request with the next reply, and keeps what it was sent."""

    listener: socket.socket
    tls: ssl.SSLContext | None = None
    replies: list[Reply] = field(default_factory=list)
    requests: list[bytes] = field(default_factory=list)
    silent: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        host, port = self.listener.getsockname()
        return f"{'https' if self.tls else 'http'}://{host}:{port}/webservice/rest/server.php"

    def wait(self, connection: socket.socket) -> None:
        """A reply: none at all, until the test is over."""
        self.silent.wait(30)

    def serve(self) -> None:
        for reply in iter(lambda: self.replies.pop(0) if self.replies else None, None):
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return  # the test is over
            try:
                connection = self.tls.wrap_socket(plain, server_side=True) if self.tls else plain
            except OSError:
                plain.close()
                continue
            with connection:
                self.requests.append(_read_request(connection))
                reply(connection)


def _read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


Start = Callable[..., Server]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a server with these replies, one a connection."""
    servers: list[tuple[Server, threading.Thread]] = []

    def run(*replies: Reply | str, tls: ssl.SSLContext | None = None) -> Server:
        listener = socket.create_server(("127.0.0.1", 0))
        server = Server(listener, tls)
        server.replies = [server.wait if isinstance(reply, str) else reply for reply in replies]
        thread = threading.Thread(target=server.serve)
        thread.start()
        servers.append((server, thread))
        return server

    yield run
    for server, thread in servers:
        server.silent.set()
        # Wakes accept(), which closing the listener alone does not.
        socket.socket.shutdown(server.listener, socket.SHUT_RDWR)
        server.listener.close()
        thread.join(10)
        assert not thread.is_alive()


@pytest.fixture
def replies() -> dict[str, Callable[..., Reply]]:
    """The ways to answer."""
    return {"answer": answer, "say": say, "reset": lambda: reset}
