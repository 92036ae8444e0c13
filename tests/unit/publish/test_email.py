"""Checkpoints by mail: to the configured addresses alone, encrypted, and given back whole by whoever kept one."""

from __future__ import annotations

import email
import email.policy
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from mailserver import Post, certificate, post
from notes import signed

from moodle_sync.config.publish import EmailSettings
from moodle_sync.errors import ConfigError, LedgerUnusable, MoodleSyncError
from moodle_sync.publish.email import EmailPublisher
from moodle_sync.publish.handed import read_handed

TO = ("bureau@asso.example.org", "auditrice@cabinet.example.net")
PASSWORD = "5ec5e7-mail"


def publisher(port: int, **changes: Any) -> EmailPublisher:
    values: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "sender": "registre@of.example.org",
        "to": TO,
        "timeout": 5,
    }
    password = changes.pop("password", PASSWORD)
    settings = EmailSettings.model_validate({**values, **changes})
    return EmailPublisher(settings, lambda: password, lambda: datetime(2026, 11, 22, 6, 0, tzinfo=UTC))


def send(box: Post, **changes: Any) -> str:
    one, text = signed(2)
    publisher(box.port, **changes).publish(one, text)
    return text


def test_publish_one_mail_to_the_configured_addresses_in_two_languages_with_the_note(tmp_path: Path) -> None:
    with post() as box:
        text = send(box)
    [(recipients, data)] = box.mails
    assert recipients == list(TO)
    mail = email.message_from_bytes(data, policy=email.policy.default)
    assert mail["Subject"] == "Registre, point de contrôle 2026/2 · Ledger checkpoint 2026/2"
    assert (mail["To"], mail["Date"]) == (", ".join(TO), "Sun, 22 Nov 2026 06:00:00 +0000")
    body = mail.get_body()
    assert body is not None
    said = body.get_content().replace("\r\n", "\n")
    for words in ("Conservez-le tel quel", "Please keep it as it is", "aucune donnée personnelle", text):
        assert words in said
    [attached] = mail.iter_attachments()
    assert attached.get_filename() == "2026-000000000002.checkpoint"
    assert attached.get_content() == text.encode()


@pytest.mark.parametrize("ends", ["as received", "unix", "forwarded"])
def test_kept_mail_gives_the_note_back(tmp_path: Path, ends: str) -> None:
    with post() as box:
        text = send(box)
    data = box.mails[0][1]
    if ends == "unix":
        data = data.replace(b"\r\n", b"\n")
    if ends == "forwarded":
        outer = email.message.EmailMessage()
        outer["Subject"] = "Fwd"
        outer.set_content("voir ci-joint")
        outer.add_attachment(email.message_from_bytes(data, policy=email.policy.default))
        data = outer.as_bytes()
    file = tmp_path / "mail.eml"
    file.write_bytes(data)
    assert read_handed(file).notes == (text,)


def test_place_names_domains_and_no_address() -> None:
    assert publisher(25).place == "email:asso.example.org, cabinet.example.net"
    [kept] = publisher(25).kept([])
    assert (kept.notes, kept.readable) == ((), False)
    assert "--checkpoint" in kept.unreached


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_publish_encrypted_logs_in_and_refuses_a_certificate_that_nobody_vouches_for(
    tmp_path: Path, security: str
) -> None:
    (tmp_path / "other").mkdir()
    with post(tmp_path, whole=security == "tls", login=True) as box:
        trusted = {"security": security, "user": "registre", "ca_bundle": tmp_path / "cert.pem"}
        send(box, **trusted)
        assert (len(box.mails), box.logins) == (1, [True])
        with pytest.raises(LedgerUnusable, match="is not trusted"):
            send(box, **trusted | {"ca_bundle": certificate(tmp_path / "other")})
        with pytest.raises(LedgerUnusable, match="is not trusted"):
            send(box, **trusted | {"ca_bundle": None})
        with pytest.raises(ConfigError, match="ca_bundle"):
            send(box, **trusted | {"ca_bundle": tmp_path / "none.pem"})
    assert len(box.mails) == 1
    assert box.logins == [True], "no password went to a server that is not trusted"


def test_publish_server_without_starttls_gets_no_mail_and_no_password() -> None:
    with post(login=True) as box, pytest.raises(LedgerUnusable, match="SMTPNotSupportedError"):
        send(box, security="starttls", user="registre")
    assert (box.mails, box.logins) == ([], [])


def test_publish_faults_of_the_server_are_told_without_addresses_or_password(tell: Any) -> None:
    said: list[str] = []

    def fails(box: Post, **changes: Any) -> None:
        with pytest.raises(MoodleSyncError) as caught:
            send(box, **changes)
        assert isinstance(caught.value, LedgerUnusable)
        said.append(f"{caught.value}{caught.value.__cause__}")

    with post() as box:
        for refused in ({TO[0]}, set(TO)):
            box.refused = refused
            fails(box)
        assert [recipients for recipients, _ in box.mails] == [[TO[1]]], "one had it, the other is named by number"
        assert "refused 1 of 2" in said[0]
        assert "refused 2 of 2" in said[1]
        box.refused = set()
        box.answer = f"554 {TO[0]} is full"
        fails(box)
        box.answer = "421 later"
        fails(box)
    with post(login=True) as box:
        fails(box, user="registre", password="wr0ng-password")
    fails(Post(port=box.port))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        fails(Post(port=silent.getsockname()[1]), timeout=0.2)
    for sentence in said:
        assert not any(secret in sentence for secret in (*TO, "wr0ng-password", PASSWORD)), sentence
    tell(f"mail: {len(said)} faults of the server tried, each told, none with an address or password")
