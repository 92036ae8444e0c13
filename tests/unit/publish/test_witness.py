"""A ledger and its witness over HTTP on loopback: cosigned, caught up, and every kind of lie refused on both sides."""

from __future__ import annotations

import base64
import stat
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from notes import KEY, ORIGIN, point, prover, signed

from moodle_sync.errors import LedgerUnusable, Unreachable, UsageError, VerificationFailed
from moodle_sync.ledger import Reach, cosignature, note
from moodle_sync.net import HttpClient, NetSettings
from moodle_sync.publish.witness import WitnessPublisher
from moodle_sync.publish.witness_http import listening
from moodle_sync.publish.witnessing import Answer, Witness

NAME = "witness.example.net/w1"
AT = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)


def trust(folder: Path, *keys: Ed25519PrivateKey, origin: str = ORIGIN) -> None:
    lines = [f"{origin} {base64.b64encode(note.public_bytes(key)).decode()}\n" for key in keys]
    (folder / "logs.txt").write_text("# the ledgers\n" + "".join(lines), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Witness.init(tmp_path / "witness", NAME, lambda: AT)
    trust(tmp_path / "witness", KEY)
    return tmp_path / "witness"


def opened(folder: Path) -> Witness:
    return Witness(folder, lambda: AT)


class Between:
    """What a test does to the answers on their way."""

    def __init__(self, witness: Witness) -> None:
        self.witness = witness
        self.key = witness.key
        self.answer: Callable[[bytes], Answer | None] = lambda body: None
        self.asked: list[bytes] = []

    def add_checkpoint(self, body: bytes) -> Answer:
        self.asked.append(body)
        return self.answer(body) or self.witness.add_checkpoint(body)


@pytest.fixture
def between(folder: Path) -> Between:
    return Between(opened(folder))


@pytest.fixture
def publisher(between: Between, tmp_path: Path) -> Iterator[Callable[..., WitnessPublisher]]:
    http = HttpClient(NetSettings(connect_timeout=5, read_timeout=5, max_bytes=100_000))
    with listening(between, "127.0.0.1", 0) as (url, server):  # type: ignore[arg-type]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()

        def make(seed: str = "a", **changes: Any) -> WitnessPublisher:
            values = {"url": url, "key": between.key, "folder": tmp_path / "kept", "origin": ORIGIN, "http": http}
            return WitnessPublisher(**{**values, "prove": prover(seed), **changes})

        yield make
        http.close()
        server.shutdown()
        thread.join(10)


def request(old: int, size: int, *, proof: list[bytes] | None = None, **which: Any) -> bytes:
    """A request as a ledger sends it."""
    _, text = signed(size, **which)
    if proof is None:
        proof = prover(which.get("seed", "a"))(2026, old, size) if 0 < old < size else []
    hashes = "".join(f"{base64.b64encode(node).decode()}\n" for node in proof)
    return f"old {old}\n{hashes}\n{text}".encode()


# ---- the witness ---------------------------------------------------------------------------------------------------


def test_witness_cosigns_each_checkpoint_that_continues_the_last(folder: Path) -> None:
    old = 0
    for size in (3, 4, 4, 7, 8, 64, 100):
        answer = opened(folder).add_checkpoint(request(old, size))
        assert answer.status == 200, size
        assert cosignature.verify(point(size).text(), answer.body.decode(), opened(folder).key) == AT
        old = size


def test_witness_refuses_everything_that_does_not_and_remembers_what_it_had(
    folder: Path, tell: Callable[[str], None]
) -> None:
    witness = opened(folder)
    assert witness.add_checkpoint(request(0, 5)).status == 200
    good = prover()(2026, 5, 9)
    flipped = [[*good[:n], bytes([good[n][0] ^ 1]) + good[n][1:], *good[n + 1 :]] for n in range(len(good))]
    cases: list[tuple[bytes, int, bytes]] = [
        (request(0, 9), 409, b"5\n"),
        (request(4, 9), 409, b"5\n"),
        (request(6, 9), 409, b"5\n"),
        (request(0, 5), 409, b"5\n"),
        (request(0, 3), 409, b"5\n"),  # an older state of the ledger
        (request(5, 3, proof=[]), 400, b""),
        (request(5, 5, seed="b"), 409, b"another root"),
        (request(5, 9, seed="b"), 422, b""),  # a ledger written anew, with a proof of its own
        (request(5, 9, proof=[]), 422, b""),
        (request(5, 9, proof=good[:-1]), 422, b""),
        (request(5, 9, proof=[*good, good[0]]), 422, b""),
        *((request(5, 9, proof=wrong), 422, b"") for wrong in flipped),
        (request(5, 5, proof=good), 422, b""),
        (request(5, 9, key=Ed25519PrivateKey.generate()), 403, b""),
        (request(5, 9, origin="example.net/other"), 404, b""),
        (request(0, 2, shard=2027, proof=good), 422, b""),
        (request(5, 9).replace(b"old 5", b"old 05"), 400, b""),
        (request(5, 9).replace(b"old 5", b"old -5"), 400, b""),
        (request(5, 9).replace(b"old 5", b"old 5 "), 400, b""),
        (request(5, 9, proof=[good[0]] * 64), 400, b""),
        (request(5, 9, proof=[b"short"]), 400, b""),
        (request(5, 9).replace(b"\n", b"\r\n"), 400, b""),
        (request(5, 9)[:-1], 400, b""),
        (b"", 400, b""),
        (b"\xff\xfe", 400, b""),
    ]
    for body, status, said in cases:
        answer = witness.add_checkpoint(body)
        assert (answer.status, answer.body[: len(said)]) == (status, said), body
        assert answer.content_type == ("text/x.tlog.size" if answer.body == b"5\n" else "text/plain; charset=utf-8")
    assert witness.add_checkpoint(request(5, 9)).status == 200
    tell(f"witness: {len(cases)} wrong requests refused, and the right one taken after them")


def test_witness_every_flipped_byte_of_a_request_is_refused_or_changes_nothing(
    folder: Path, tell: Callable[[str], None]
) -> None:
    witness = opened(folder)
    witness.add_checkpoint(request(0, 5))
    body, state = request(5, 9), folder / "state" / "example.org%2Fregistre%2F2026"
    before, tried = state.read_bytes(), 0
    for place in range(len(body)):
        changed = bytearray(body)
        changed[place] ^= 1 << (place % 8)
        assert witness.add_checkpoint(bytes(changed)).status != 200, place
        assert state.read_bytes() == before
        tried += 1
    tell(f"witness: {tried} bytes of a request flipped, none cosigned")


def test_witness_keeps_each_shard_and_each_ledger_apart(folder: Path) -> None:
    (folder / "logs.txt").write_text(
        (folder / "logs.txt").read_text()
        + f"other.org/l {note.verifier_key('other.org/l/2026', note.public_bytes(KEY))}\n"
    )
    witness = opened(folder)
    assert witness.logs == (ORIGIN, "other.org/l")
    assert witness.add_checkpoint(request(0, 5)).status == 200
    assert witness.add_checkpoint(request(0, 2, shard=2027)).status == 200
    assert witness.add_checkpoint(request(0, 3, origin="other.org/l")).status == 200
    assert witness.add_checkpoint(request(5, 9)).status == 200


def test_witness_many_at_a_time_never_goes_back(folder: Path) -> None:
    """Both ask from size 5 on: one wins, the other hears of a conflict."""
    opened(folder).add_checkpoint(request(0, 5))
    found: list[int] = []
    bodies = [request(5, size) for size in range(6, 38)]
    threads = [
        threading.Thread(target=lambda body=body: found.append(opened(folder).add_checkpoint(body).status))
        for body in bodies
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(found) == [200] + [409] * 31


def test_witness_folder_is_made_once_and_its_key_is_private(folder: Path, tmp_path: Path) -> None:
    assert stat.S_IMODE((folder / "witness.key").stat().st_mode) == 0o600
    key = opened(folder).key
    with pytest.raises(UsageError, match="already"):
        Witness.init(folder, NAME, lambda: AT)
    assert opened(folder).key == key
    with pytest.raises(UsageError, match="no name"):
        Witness.init(tmp_path / "new", "a b", lambda: AT)
    (folder / "logs.txt").write_text("example.org/registre abc\n")
    with pytest.raises(UsageError, match=r"logs\.txt"):
        opened(folder)
    (folder / "witness.key").chmod(0o644)
    with pytest.raises(LedgerUnusable, match="can be read by others"):
        opened(folder)


def test_http_answers_one_path_and_small_bodies_alone(publisher: Any, between: Between) -> None:
    target = publisher()
    base = target._url.removesuffix("/add-checkpoint")
    for path, body, status in (
        ("/", b"x", 404),
        ("/add-checkpoint/x", b"x", 404),
        ("/add-checkpoint", b"x" * 70_000, 413),
    ):
        accepted = (404, 413)
        assert target._http.post_bytes(base + path, body, content_type="text/plain", accepted=accepted)[0] == status
    assert between.asked == []


# ---- the ledger's side ---------------------------------------------------------------------------------------------


def test_publish_keeps_the_cosigned_note_and_sends_proofs_from_where_the_witness_is(
    publisher: Any, between: Between, tmp_path: Path
) -> None:
    texts = []
    for size in (3, 7, 7, 12):
        one, text = signed(size)
        publisher().publish(one, text)
        texts.append(text)
    assert [body.split(b"\n")[0] for body in between.asked] == [b"old 0", b"old 3", b"old 7"]
    names = sorted(path.name for path in (tmp_path / "kept" / "example.org%2Fregistre").iterdir())
    assert names == [f"2026-{size:012d}.cosigned" for size in (3, 7, 12)]
    kept, now = publisher().kept([signed(12)])
    assert (kept.place, kept.reach) == (f"witness:{NAME}", Reach.OTHERS)
    assert kept.notes == (texts[0], texts[1], texts[3])
    assert kept.remarks == ("the last, 2026-000000000012, was cosigned on 2026-11-22T06:00:00Z",)
    assert (now.notes, now.problems) == ((texts[3],), ())


def test_publish_after_a_lost_answer_or_a_lost_folder_catches_up(
    publisher: Any, between: Between, tmp_path: Path
) -> None:
    publisher().publish(*signed(3))

    def lose(body: bytes) -> Answer:
        between.witness.add_checkpoint(body)
        return Answer(500)

    between.answer = lose
    with pytest.raises(Unreachable):
        publisher().publish(*signed(7))
    between.answer = lambda body: None
    publisher().publish(*signed(7))  # cosigned before, and nobody knew
    publisher(folder=tmp_path / "new").publish(*signed(9))
    assert [len(one.kept([])[0].notes) for one in (publisher(), publisher(folder=tmp_path / "new"))] == [2, 1]


def test_publish_ledger_that_was_put_back_or_written_anew_is_not_cosigned(
    publisher: Any, between: Between, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    publisher().publish(*signed(9))
    cases = {
        "put back": (signed(5), "a", "9 entries of 2026, this ledger signs 5"),
        "written anew, longer": (signed(12, seed="b"), "b", "another history"),
        "written anew, as long": (signed(9, seed="b"), "b", "another history"),
        "written anew, shorter": (signed(5, seed="b"), "b", "9 entries of 2026, this ledger signs 5"),
    }
    tried = 0
    for name, (newest, seed, said) in cases.items():
        for folder in (tmp_path / "kept", tmp_path / f"without {name}"):  # with and without what was kept before
            with pytest.raises(VerificationFailed, match=said):
                publisher(seed, folder=folder).publish(*newest)
            tried += 1
        for stored in ([newest], [signed(9, seed=seed), newest] if newest[0].size > 9 else [newest]):
            [*_, now] = publisher(seed, folder=tmp_path / "lost").kept(stored)
            assert now.problems, name
            tried += 1
    assert between.witness.add_checkpoint(request(9, 9)).status == 200, "it still holds the first history"
    tell(f"witness: {tried} ways to go on from another history tried, none cosigned")


def test_publish_witness_that_lies_is_not_believed(
    publisher: Any, between: Between, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    one, text = signed(7)
    stranger = Ed25519PrivateKey.generate()
    lies = {
        "another key": Answer(200, cosignature.cosign(one.text(), NAME, stranger, AT).encode()),
        "another text": between.witness.add_checkpoint(request(0, 3)),
        "nothing": Answer(200),
        "garbage": Answer(200, b"\xff\xff\n"),
        "html": Answer(200, b"<html></html>\n"),
        "conflict without a size": Answer(409, b"no\n"),
        "conflict with a size too long": Answer(409, b"9" * 40 + b"\n"),
        "conflict with an odd size": Answer(409, b"03\n"),
        "conflict for ever": Answer(409, b"4\n"),
        "replayed": Answer(409, b"9\n"),
    }
    for name, lie in lies.items():
        between.answer = lambda body, lie=lie: lie
        with pytest.raises((VerificationFailed, LedgerUnusable)):
            publisher().publish(one, text)
        assert not list((tmp_path / "kept").rglob("*.cosigned")), name
    tell(f"witness: {len(lies)} false answers tried, none kept")


def test_publish_witness_that_does_not_know_the_ledger_says_so(publisher: Any, between: Between, folder: Path) -> None:
    trust(folder, Ed25519PrivateKey.generate())
    between.witness = opened(folder)
    with pytest.raises(LedgerUnusable, match="does not know the key"):
        publisher().publish(*signed(3))
    trust(folder)
    between.witness = opened(folder)
    with pytest.raises(LedgerUnusable, match="does not know example"):
        publisher().publish(*signed(3))
    assert "does not know" in publisher().kept([signed(3)])[1].unreached


def test_kept_cosigned_note_with_any_byte_altered_is_found(
    publisher: Any, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    """By the cosignature; what the ledger itself signed is for verify."""
    one, text = signed(7)
    publisher().publish(one, text)
    [path] = (tmp_path / "kept").rglob("*.cosigned")
    data = path.read_bytes()
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1 << (place % 8)
        path.write_bytes(changed)
        [kept] = publisher().kept([])
        assert kept.problems or kept.notes != (text,), place
    tell(f"witness: {len(data)} bytes of a cosigned note flipped, all found")


def test_kept_asks_the_witness_and_changes_nothing_there(publisher: Any, between: Between, folder: Path) -> None:
    stored = [signed(3), signed(5), signed(9)]
    assert publisher().kept(stored)[1].remarks == ("it has seen nothing of this ledger yet",)
    publisher().publish(*signed(5))
    state = (folder / "state" / "example.org%2Fregistre%2F2026").read_bytes()
    now = publisher().kept(stored)[1]
    assert (now.notes, now.remarks) == ((stored[1][1],), ("it has seen 5 of 9 entries",))
    between.answer = lambda body: Answer(500)
    assert "HTTP 500" in publisher().kept(stored)[1].unreached
    assert (folder / "state" / "example.org%2Fregistre%2F2026").read_bytes() == state
