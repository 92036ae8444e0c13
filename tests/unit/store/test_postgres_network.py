"""What lies between the ledger and its server: TLS, and poolers that are in the way."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from pgserver import PASSWORD, ROLE, Server
from sqlalchemy import text

from moodle_sync.errors import LedgerUnusable
from moodle_sync.store import Store, open_store
from moodle_sync.store.address import PASSWORD_VARIABLE, proves_itself

pytestmark = pytest.mark.only("postgres")
LOOPBACK = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))


def _certificate(name: x509.GeneralName) -> tuple[bytes, bytes]:
    """A certificate that is its own authority, and its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a database server")])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([name]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return made.public_bytes(Encoding.PEM), secret


@pytest.fixture
def address(pgserver: Server, database: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(PASSWORD_VARIABLE, PASSWORD)
    return f"postgresql://{ROLE}@127.0.0.1:{pgserver.port}/{database.name}?sslmode=verify-full&sslrootcert="


def test_verify_full_speaks_tls_with_the_server_that_the_certificate_names(
    store: Store, pgserver: Server, address: str, tmp_path: Path
) -> None:
    mine, root = _certificate(LOOPBACK), tmp_path / "root.crt"
    root.write_bytes(mine[0])
    with pgserver.tls(*mine), open_store(f"{address}{root}") as secured, secured.read() as transaction:
        query = text("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        assert transaction.execute(query).scalar_one() in ("TLSv1.2", "TLSv1.3")


def test_verify_full_refuses_every_server_that_it_cannot_be_sure_of(
    store: Store, pgserver: Server, address: str, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    mine, other = _certificate(LOOPBACK), _certificate(LOOPBACK)
    named = _certificate(x509.DNSName("db.example.org"))
    cases = {
        "another authority": (mine, other[0], "certificate verify failed"),
        "another name": (named, named[0], "does not match host name"),
        "no authority": (mine, None, "does not exist"),
    }
    for number, (name, (served, trusted, words)) in enumerate(cases.items()):
        root = tmp_path / f"{number}.crt"
        if trusted is not None:
            root.write_bytes(trusted)
        with pgserver.tls(*served):
            _require_refused(f"{address}{root}", words, name)
    (tmp_path / "mine.crt").write_bytes(mine[0])
    _require_refused(f"{address}{tmp_path / 'mine.crt'}", "does not support SSL", "no TLS at all")
    tell(f"{len(cases) + 1} servers that do not prove who they are: none was spoken to")


def _require_refused(url: str, words: str, case: str) -> None:
    with pytest.raises(LedgerUnusable, match="did not prove who it is") as caught:
        open_store(url)
    assert words in caught.value.message, case
    assert "sslrootcert" in caught.value.hint
    assert PASSWORD not in f"{caught.value}"


@pytest.mark.parametrize(
    ("url", "proven"),
    [
        ("sqlite:////srv/ledger.db", True),
        ("postgresql:///ledger", True),
        ("postgresql://localhost/ledger", True),
        ("postgresql://db.example.org/ledger", False),
        ("postgresql://db.example.org/ledger?sslmode=require", False),
        ("postgresql://db.example.org/ledger?sslmode=verify-ca", False),
        ("postgresql://db.example.org/ledger?sslmode=verify-full", True),
    ],
)
def test_proves_itself_whom_somebody_could_pose_as(url: str, proven: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGHOST", "PGSSLMODE"):
        monkeypatch.delenv(name, raising=False)
    assert proves_itself(url) is proven
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    assert proves_itself(url.partition("?")[0])


def test_connection_that_a_pooler_gave_to_somebody_else_is_not_used(store: Store, url: str) -> None:
    """As PgBouncer does in transaction mode: the next transaction is on a connection that another client has set."""
    with open_store(url) as pooled:
        with pooled.write() as transaction:
            transaction.execute(text("SELECT set_config('moodle_sync.connection', 'of another', false)"))
        for way in (pooled.read, pooled.write):
            with pytest.raises(LedgerUnusable, match="a pooler gives each transaction") as caught, way():
                pass
            assert "session mode" in caught.value.hint
        with pytest.raises(LedgerUnusable, match="a pooler gives each transaction"):
            pooled.scrub()
    with open_store(url) as fresh, fresh.read() as transaction:  # nothing of it outlives the connection
        assert transaction.execute(text("SELECT 1")).scalar_one() == 1
