"""A mail server on loopback (aiosmtpd) that keeps what it is given, and refuses what a test tells it to."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@dataclass
class Post:
    """What arrived, and who is turned away."""

    port: int = 0
    mails: list[tuple[list[str], bytes]] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    answer: str = "250 OK"
    password: str = "5ec5e7-mail"
    logins: list[bool] = field(default_factory=list)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address in self.refused:
            return f"550 {address} is unknown here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.answer.startswith("250"):
            self.mails.append((list(envelope.rcpt_tos), envelope.original_content))
        return self.answer

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        good = isinstance(data, LoginPassword) and data.password.decode() == self.password
        self.logins.append(good)
        return AuthResult(success=good, handled=good)


def certificate(folder: Path) -> Path:
    """A certificate of its own for 127.0.0.1, with its key in ``key.pem`` beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "cert.pem"


@contextmanager
def post(folder: Path | None = None, *, whole: bool = False, login: bool = False) -> Iterator[Post]:
    """The server; with a folder it has a certificate, offered by STARTTLS or, with ``whole``, from the first byte."""
    box, context = Post(), None
    if folder is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate(folder), folder / "key.pem")
    options: dict[str, Any] = {"hostname": "127.0.0.1", "port": 0, "server_hostname": "post.example.org"}
    if whole:
        options["ssl_context"] = context
    elif context:
        options |= {"tls_context": context, "require_starttls": True}
    if login:
        options |= {"authenticator": box.authenticate, "auth_require_tls": False}
    controller = _Controller(box, **options)
    controller.start()
    box.port = controller.port
    try:
        yield box
    finally:
        controller.stop()


class _Controller(Controller):
    def _trigger_server(self) -> None:
        """The port is known only now: it was a free one."""
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()
