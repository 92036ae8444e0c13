"""HttpClient: what each answer and each fault becomes, for a read and for a write."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from moodle_sync.errors import AccessDenied, AnswerLost, ConfigError, NotMoodle, SiteError, Unreachable
from moodle_sync.net import HttpClient, NetSettings, TransientFault

TOKEN = "5f3c0de5f3c0de5f3c0de5f3c0de5f3c"
BODY = f"wstoken={TOKEN}&wsfunction=x".encode()
Replies = dict[str, Callable[..., Any]]


def fail(url: str, *, write: bool, **settings: Any) -> SiteError:
    with HttpClient(NetSettings(connect_timeout=5, **settings)) as http, pytest.raises(SiteError) as caught:
        http.post_form(url, BODY, write=write)
    return caught.value


@pytest.mark.parametrize("write", [False, True])
def test_post_form_with_an_answer_returns_its_bytes(start: Any, replies: Replies, write: bool) -> None:
    server = start(replies["answer"]("200 OK", b'{"a": 1}'))
    with HttpClient() as http:
        assert http.post_form(server.url, BODY, write=write) == b'{"a": 1}'
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert body == BODY
    assert head.startswith(b"POST /webservice/rest/server.php HTTP/1.1")
    assert b"application/x-www-form-urlencoded" in head
    assert TOKEN.encode() not in head
    assert (b"Connection: close" in head) is write


@pytest.mark.parametrize(
    ("location", "address"),
    [
        ("https://moodle.example.org/webservice/rest/server.php", "https://moodle.example.org"),
        (
            "https://moodle.example.org:8443/campus/webservice/rest/server.php?x=1",
            "https://moodle.example.org:8443/campus",
        ),
        ("/campus/webservice/rest/server.php", "/campus"),
    ],
)
@pytest.mark.parametrize("write", [False, True])
def test_post_form_with_a_redirect_names_the_address_to_configure(
    start: Any, replies: Replies, location: str, address: str, write: bool
) -> None:
    server = start(replies["answer"]("301 Moved", b"", f"Location: {location}"))
    error = fail(server.url, write=write)
    assert type(error) is NotMoodle
    expected = (
        address if address.startswith("http") else server.url.removesuffix("/webservice/rest/server.php") + address
    )
    assert f"Write {expected} as the site's address" in error.hint
    assert len(server.requests) == 1


def test_post_form_with_a_redirect_to_a_login_page_shows_no_query_or_credentials(start: Any, replies: Replies) -> None:
    location = "https://user:pw@sso.example.org/login?ticket=secret"
    server = start(replies["answer"]("302 Found", b"", f"Location: {location}"))
    error = fail(server.url, write=False)
    assert type(error) is NotMoodle
    assert "https://sso.example.org/login" in str(error)
    assert "secret" not in str(error)
    assert "pw" not in str(error)


def test_post_form_with_a_redirect_without_address_is_not_moodle(start: Any, replies: Replies) -> None:
    assert type(fail(start(replies["answer"]("303 See Other")).url, write=False)) is NotMoodle


@pytest.mark.parametrize("write", [False, True])
def test_post_form_under_maintenance_says_so_and_nothing_was_done(start: Any, replies: Replies, write: bool) -> None:
    server = start(replies["answer"]("503 Moodle under maintenance", b"<html>Back soon</html>"))
    error = fail(server.url, write=write)
    assert type(error) is Unreachable
    assert "maintenance" in error.message


@pytest.mark.parametrize("status", ["500 Internal Server Error", "502 Bad Gateway", "503 Busy", "504 Gateway Timeout"])
def test_post_form_with_a_server_error_loses_the_answer_of_a_write(start: Any, replies: Replies, status: str) -> None:
    assert type(fail(start(replies["answer"](status, b"<html>")).url, write=False)) is TransientFault
    error = fail(start(replies["answer"](status, b"<html>")).url, write=True)
    assert type(error) is AnswerLost
    assert "look the object up" in error.hint


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("401 Unauthorized", AccessDenied),
        ("403 Forbidden", AccessDenied),
        ("404 Not Found", NotMoodle),
        ("413 Payload Too Large", NotMoodle),
        ("429 Too Many Requests", TransientFault),
    ],
)
@pytest.mark.parametrize("write", [False, True])
def test_post_form_with_a_status_that_refuses_did_nothing(
    start: Any, replies: Replies, status: str, expected: type[SiteError], write: bool
) -> None:
    error = fail(start(replies["answer"](status, b"<html>")).url, write=write)
    assert type(error) is expected
    assert status[:3] in error.message


def broken(replies: Replies) -> dict[str, Any]:
    return {
        "reset": replies["reset"](),
        "cut short": replies["say"](b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"),
        "cut chunk": replies["say"](b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"),
        "closed": replies["say"](b""),
        "nonsense": replies["say"](b"SSH-2.0-OpenSSH\r\n\r\n"),
        "bad gzip": replies["answer"]("200 OK", b"not gzip", "Content-Encoding: gzip"),
        "silent": "silent",
    }


@pytest.mark.parametrize("how", ["reset", "cut short", "cut chunk", "closed", "nonsense", "bad gzip", "silent"])
def test_post_form_with_no_whole_answer_is_lost_for_a_write_only(start: Any, replies: Replies, how: str) -> None:
    read, write = start(broken(replies)[how]), start(broken(replies)[how])
    assert type(fail(read.url, write=False, read_timeout=0.3)) is TransientFault
    error = fail(write.url, write=True, read_timeout=0.3)
    assert type(error) is AnswerLost
    assert TOKEN not in str(error)
    assert error.__cause__ is None
    assert error.__context__ is None
    assert len(write.requests) == 1


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.mark.parametrize("write", [False, True])
def test_post_form_to_a_closed_port_sent_nothing(write: bool) -> None:
    error = fail(f"http://127.0.0.1:{closed_port()}/x", write=write)
    assert type(error) is TransientFault
    assert "refuses connections" in error.message


@pytest.mark.parametrize("write", [False, True])
def test_post_form_through_a_dead_proxy_sent_nothing(write: bool) -> None:
    error = fail("http://moodle.invalid/x", write=write, proxy=f"http://127.0.0.1:{closed_port()}")
    assert type(error) is TransientFault


@pytest.mark.parametrize("write", [False, True])
def test_post_form_larger_than_the_limit_stops(start: Any, replies: Replies, write: bool) -> None:
    server = start(replies["answer"]("200 OK", b"x" * 2000))
    error = fail(server.url, write=write, max_bytes=1000)
    assert type(error) is (AnswerLost if write else NotMoodle)
    assert "1000 bytes" in error.message


def test_post_form_at_the_limit_is_read(start: Any, replies: Replies) -> None:
    server = start(replies["answer"]("200 OK", b"x" * 1000))
    with HttpClient(NetSettings(max_bytes=1000)) as http:
        assert len(http.post_form(server.url, BODY, write=False)) == 1000


def test_client_does_not_read_proxies_of_the_environment(
    start: Any, replies: Replies, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port()}")
    server = start(replies["answer"]("200 OK", b"1"))
    with HttpClient() as http:
        assert http.post_form(server.url, BODY, write=False) == b"1"


def test_client_without_its_authorities_file_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="ca_bundle"):
        HttpClient(NetSettings(ca_bundle=tmp_path / "absent.pem"))


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A key and a certificate for 127.0.0.1 that nobody trusts, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(
        now + datetime.timedelta(days=1)
    )
    builder = builder.add_extension(address, critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    signed = builder.sign(key, hashes.SHA256())
    file = tmp_path / "loopback.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.mark.parametrize("write", [False, True])
def test_post_form_with_an_untrusted_certificate_sent_nothing(start: Any, certificate: Path, write: bool) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = start("silent", tls=context)
    error = fail(server.url, write=write)
    assert type(error) is Unreachable
    assert "certificate" in error.message
    assert "ca_bundle" in error.hint
    assert server.requests == []


def test_post_form_with_a_private_authority_is_answered(start: Any, replies: Replies, certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = start(replies["answer"]("200 OK", b"1"), tls=context)
    with HttpClient(NetSettings(ca_bundle=certificate)) as http:
        assert http.post_form(server.url, BODY, write=True) == b"1"


@pytest.mark.parametrize("write", [False, True])
def test_post_form_with_tls_to_a_plain_server_sent_nothing(start: Any, write: bool) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def talk() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    thread = threading.Thread(target=talk)
    thread.start()
    error = fail(f"https://127.0.0.1:{listener.getsockname()[1]}/x", write=write)
    thread.join(10)
    listener.close()
    assert type(error) is Unreachable
    assert "TLS" in error.message


def test_post_form_writes_survive_a_server_that_closes_without_saying_so(start: Any, replies: Replies) -> None:
    body = b'{"ok": true}'
    unsaid = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    server = start(*[replies["say"](unsaid)] * 5)
    with HttpClient() as client:
        answers = [client.post_form(server.url, b"a=1", write=True) for _ in range(5)]
    assert answers == [body] * 5
    assert len(server.requests) == 5
