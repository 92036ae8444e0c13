"""A time-stamping authority (RFC 3161) on loopback: the answers are made by ``openssl ts -reply``."""

from __future__ import annotations

import datetime
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

_CONFIG = """\
[tsa]
default_tsa = tsa1
[tsa1]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


@dataclass
class Authority:
    """Keys and certificates in a folder. ``root`` is the certificate that a verifier has to trust."""

    folder: Path
    root: Path

    def stamp(self, query: bytes) -> bytes:
        """The answer to a query."""
        (self.folder / "query.tsq").write_bytes(query)
        words = ["openssl", "ts", "-reply", "-config", "tsa.cnf", "-section", "tsa1", "-queryfile", "query.tsq"]
        words += ["-signer", "tsa.pem", "-inkey", "tsa.key", "-out", "answer.tsr"]
        subprocess.run(words, cwd=self.folder, capture_output=True, check=True)
        return (self.folder / "answer.tsr").read_bytes()


def authority(folder: Path, *, usage: x509.ObjectIdentifier | None = None, expired: bool = False) -> Authority:
    """A root and, under it, a certificate that may stamp (or has another usage, or is of another day)."""
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.datetime.now(datetime.UTC)
    root_key = ec.generate_private_key(ec.SECP256R1())
    root_name = _name("Root of the test authority")
    root = (
        _builder(root_name, root_name, root_key.public_key(), now - datetime.timedelta(days=99), 999)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .add_extension(_key_usage(sign_certificates=True), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(root_key.public_key()), False)
        .sign(root_key, hashes.SHA256())
    )
    key = rsa.generate_private_key(65537, 2048)
    start = now - datetime.timedelta(days=30 if expired else 1)
    made = (
        _builder(_name("Test authority"), root_name, key.public_key(), start, 10)
        .add_extension(x509.ExtendedKeyUsage([usage or x509.ExtendedKeyUsageOID.TIME_STAMPING]), True)
        .add_extension(_key_usage(sign_certificates=False), True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), False)
        .sign(root_key, hashes.SHA256())
    )
    (folder / "root.pem").write_bytes(root.public_bytes(serialization.Encoding.PEM))
    (folder / "tsa.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "tsa.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (folder / "serial").write_text("01\n")
    (folder / "tsa.cnf").write_text(_CONFIG.format(folder=folder))
    return Authority(folder, folder / "root.pem")


@dataclass
class Stamping:
    """The server: its address, what it was asked, and what is done to an answer before it leaves."""

    url: str
    queries: list[bytes] = field(default_factory=list)
    answer: Callable[[bytes], bytes] | None = None
    status: int = 200


@contextmanager
def stamping(made: Authority) -> Iterator[Stamping]:
    """An authority that listens."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            stamps.queries.append(query)
            body = (stamps.answer or made.stamp)(query)
            self.send_response(stamps.status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        stamps = Stamping(f"http://127.0.0.1:{server.server_address[1]}/tsr")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield stamps
        finally:
            server.shutdown()
            thread.join(10)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _builder(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
    start: datetime.datetime, days: int,
) -> x509.CertificateBuilder:  # fmt: skip
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=days))
    )


def _key_usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        encipher_only=False,
        decipher_only=False,
    )
