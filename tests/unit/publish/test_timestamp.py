"""Time stamps by a real authority on loopback: what holds, what does not, and every altered byte."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from notes import ORIGIN, signed
from tsa import Authority, Stamping, authority, stamping

from moodle_sync.errors import ConfigError, LedgerUnusable, MoodleSyncError, Unreachable, VerificationFailed
from moodle_sync.ledger import Reach
from moodle_sync.net import HttpClient, NetSettings
from moodle_sync.publish.timestamp import TimestampPublisher

FOLDER = "example.org%2Fregistre"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("tsa"))


@pytest.fixture
def stamps(made: Authority) -> Iterator[Stamping]:
    with stamping(made) as server:
        yield server


@pytest.fixture
def publisher(made: Authority, stamps: Stamping, tmp_path: Path) -> Iterator[Callable[..., TimestampPublisher]]:
    clients: list[HttpClient] = []

    def make(**changes: Any) -> TimestampPublisher:
        clients.append(HttpClient(NetSettings(connect_timeout=5, read_timeout=5, max_bytes=1_000_000)))
        values = {"url": stamps.url, "roots": made.root, "folder": tmp_path / "stamps", "origin": ORIGIN}
        values |= {"http": clients[-1], "clock": lambda: datetime.now(UTC)}
        return TimestampPublisher(**values | changes)

    yield make
    for client in clients:
        client.close()


def test_publish_keeps_the_token_beside_the_note_and_it_proves_a_time(publisher: Any, tmp_path: Path) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    one, text = signed(2)
    publisher().publish(one, text)
    folder = tmp_path / "stamps" / FOLDER
    assert sorted(path.name for path in folder.iterdir()) == [
        "2026-000000000002.checkpoint",
        "2026-000000000002.tsr",
    ]
    [kept] = publisher().kept([])
    assert (kept.place, kept.reach, kept.notes, kept.problems) == ("timestamp:127.0.0.1", Reach.STAMPED, (text,), ())
    [remark] = kept.remarks
    proven = datetime.strptime(remark, "2026-000000000002 existed on %Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert before <= proven <= datetime.now(UTC)


def test_publish_twice_asks_once(publisher: Any, stamps: Stamping) -> None:
    for _ in range(2):
        publisher().publish(*signed(2))
    assert len(stamps.queries) == 1


def test_publish_after_a_kill_between_note_and_token_stamps_it(publisher: Any, tmp_path: Path) -> None:
    publisher().publish(*signed(2))
    (tmp_path / "stamps" / FOLDER / "2026-000000000002.tsr").unlink()
    assert publisher().kept([])[0].notes == ()
    publisher().publish(*signed(2))
    assert len(publisher().kept([])[0].notes) == 1


def test_publish_asks_with_a_nonce_and_for_the_certificate_and_sends_a_hash_alone(
    publisher: Any, stamps: Stamping
) -> None:
    publisher().publish(*signed(2))
    publisher(folder=Path(publisher()._folder).with_name("other")).publish(*signed(2))
    assert stamps.queries[0] != stamps.queries[1]
    assert b"example.org" not in stamps.queries[0]


def test_kept_token_of_another_authority_usage_day_or_note_does_not_hold(
    publisher: Any, stamps: Stamping, made: Authority, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    """Neither when it comes, nor when it is put into the folder later."""
    one, text = signed(2)
    _, other_text = signed(3)
    publisher(folder=tmp_path / "good").publish(one, text)
    good = (tmp_path / "good" / FOLDER / "2026-000000000002.tsr").read_bytes()
    answers: dict[str, Callable[[bytes], bytes]] = {
        "another authority": authority(tmp_path / "a").stamp,
        "no stamping": authority(tmp_path / "b", usage=x509.ExtendedKeyUsageOID.CLIENT_AUTH).stamp,
        "expired": authority(tmp_path / "c", expired=True).stamp,
        "another note": lambda query: made.stamp(_query_for(other_text)),
        "an answer from before": lambda query: good,
        "no token": lambda query: b"<html>maintenance</html>",
        "nothing": lambda query: b"",
    }
    trusted = {"no stamping": tmp_path / "b" / "root.pem", "expired": tmp_path / "c" / "root.pem"}
    for number, (name, answer) in enumerate(answers.items()):
        if name == "no stamping":
            continue  # openssl refuses to stamp with it at all
        stamps.answer = answer
        target = publisher(folder=tmp_path / str(number), roots=trusted.get(name, made.root))
        with pytest.raises(VerificationFailed):
            target.publish(one, text)
        folder = tmp_path / str(number) / FOLDER
        assert not list(folder.glob("*.tsr")), name
        if name == "an answer from before":
            continue  # its nonce is not that of the question; as a token it is a good one
        (folder / "2026-000000000002.tsr").write_bytes(stamps.answer(stamps.queries[-1]))
        [kept] = target.kept([])
        assert (kept.notes, len(kept.problems)) == ((), 1), name
        with pytest.raises(VerificationFailed):
            target.publish(one, text)
    tell(f"time stamps: {len(answers) - 1} wrong answers tried, all refused when they came and when they were kept")


def test_kept_token_with_any_byte_altered_is_refused_or_still_says_the_same(
    publisher: Any, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    """What CMS does not sign (its outer wrapping, unused certificates) may differ: note and time never do."""
    publisher().publish(*signed(2))
    token = tmp_path / "stamps" / FOLDER / "2026-000000000002.tsr"
    data = token.read_bytes()
    [good] = publisher().kept([])
    reader, refused, same = publisher(), 0, 0
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1 << (place % 8)
        token.write_bytes(changed)
        [kept] = reader.kept([])
        if kept.problems:
            refused += 1
        else:
            assert (kept.notes, kept.remarks) == (good.notes, good.remarks), place
            same += 1
    for length in range(0, len(data), 97):
        token.write_bytes(data[:length])
        assert reader.kept([])[0].problems, length
    token.write_bytes(data)
    assert reader.kept([]) == [good]
    assert refused > same
    tell(f"time stamps: {len(data)} bytes flipped: {refused} refused, {same} without meaning (same note, same time)")


def test_kept_note_beside_a_token_altered_or_gone_is_a_problem(publisher: Any, tmp_path: Path) -> None:
    publisher().publish(*signed(2))
    path = tmp_path / "stamps" / FOLDER / "2026-000000000002.checkpoint"
    data = path.read_bytes()
    path.write_bytes(data.replace(b"2\n", b"3\n", 1))
    assert publisher().kept([])[0].problems
    path.unlink()
    assert publisher().kept([])[0].problems
    path.write_bytes(data)
    assert publisher().kept([])[0].problems == ()


def test_kept_token_from_the_future_is_refused(publisher: Any) -> None:
    publisher().publish(*signed(2))
    yesterday = publisher(clock=lambda: datetime.now(UTC) - timedelta(days=1))
    [problem] = yesterday.kept([])[0].problems
    assert "from the future" in problem


def test_publish_authority_that_refuses_or_fails_is_said(publisher: Any, stamps: Stamping) -> None:
    stamps.answer = lambda query: bytes.fromhex("30053003020102")  # PKIStatus 2, rejection
    with pytest.raises(MoodleSyncError) as caught:
        publisher().publish(*signed(2))
    assert isinstance(caught.value, LedgerUnusable | VerificationFailed)
    stamps.answer = None
    for status in (302, 404, 500, 503):
        stamps.status = status
        with pytest.raises(Unreachable, match=f"HTTP {status}"):
            publisher().publish(*signed(2))
    with pytest.raises(Unreachable):
        publisher(url="http://127.0.0.1:9/tsr").publish(*signed(2))


def test_publish_other_note_of_the_same_size_is_refused(publisher: Any) -> None:
    publisher().publish(*signed(2))
    with pytest.raises(VerificationFailed, match="published before"):
        publisher().publish(*signed(2, seed="b"))


def test_roots_that_are_none_are_told(publisher: Any, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing")
    for path in (tmp_path / "empty.pem", tmp_path / "none.pem"):
        with pytest.raises(ConfigError) as caught:
            publisher(roots=path).publish(*signed(2))
        assert "roots" in caught.value.hint
        with pytest.raises(ConfigError):
            publisher(roots=path).kept([])


def test_without_the_extra_the_way_to_get_it_is_told(publisher: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "rfc3161_client", None)
    with pytest.raises(ConfigError) as caught:
        publisher().publish(*signed(2))
    assert "moodle-sync[tsa]" in caught.value.hint


def _query_for(text: str) -> bytes:
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    return TimestampRequestBuilder(text.encode(), HashAlgorithm.SHA256).build().as_bytes()
