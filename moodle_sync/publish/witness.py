"""Checkpoints brought to a witness of another organisation, which cosigns only what continues what it saw before.

The client side of C2SP tlog-witness (``add-checkpoint``). What comes back is kept beside the ledger as a note with one
more signature line: nobody here can make that line, so it is evidence wherever it lies.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

from moodle_sync.clock import to_rfc3339
from moodle_sync.errors import LedgerUnusable, SiteError, VerificationFailed
from moodle_sync.ledger import cosignature, note
from moodle_sync.ledger.cosignature import WitnessKey
from moodle_sync.ledger.note import Checkpoint
from moodle_sync.ledger.outside import ConsistencyProof, Kept, Reach, Stored
from moodle_sync.net import HttpClient
from moodle_sync.publish.file import file_name, folder_name
from moodle_sync.store import files

COSIGNED = ".cosigned"
_CONTENT_TYPE = "text/plain; charset=utf-8"
_ANSWERS = (200, 400, 403, 404, 409, 422)


class WitnessPublisher:
    """Asks one witness, and keeps ``<folder>/<origin>/<shard>-<size>.cosigned``.

    Args:
        url: the witness's submission prefix.
        key: its name and public key.
        folder: where cosigned notes are kept.
        origin: that of the ledger.
        http: how to reach it.
        prove: gives consistency proofs of the ledger.
    """

    newest_only = True

    def __init__(
        self, url: str, key: WitnessKey, folder: Path, *, origin: str, http: HttpClient, prove: ConsistencyProof
    ) -> None:
        self._url = f"{url.rstrip('/')}/add-checkpoint"
        self._key = key
        self._folder = folder / folder_name(origin)
        self._http = http
        self._prove = prove

    @property
    def place(self) -> str:
        """``witness:`` and the name of the witness."""
        return f"witness:{self._key.name}"

    def publish(self, checkpoint: Checkpoint, text: str) -> None:
        """Has the note cosigned, and keeps it.

        Raises:
            Unreachable: no answer. LedgerUnusable: the witness does not know this ledger or its key, or the folder
            cannot be written. VerificationFailed: the witness saw another history, or its cosignature does not hold.
        """
        path = self._folder / file_name(checkpoint, COSIGNED)
        try:
            if path.exists() and self._cosigned(path.read_bytes().decode("utf-8", errors="replace")) == text:
                return
            old = self._last(checkpoint.shard)
            lines = self._ask(checkpoint, text, old if old <= checkpoint.size else 0)
            self._folder.mkdir(parents=True, exist_ok=True)
            files.replace(path, f"{text}{lines}".encode())
        except OSError as error:
            raise LedgerUnusable(f"{path} cannot be read or written: {error.strerror}") from error

    def kept(self, stored: Sequence[Stored]) -> list[Kept]:
        """The cosigned notes that were kept and, asked now, how far the witness itself has seen this ledger.

        Raises:
            LedgerUnusable: the folder cannot be read.
        """
        notes: list[str] = []
        problems: list[str] = []
        remarks: list[str] = []
        try:
            for path in sorted(self._folder.glob(f"*{COSIGNED}")):
                whole = path.read_bytes().decode("utf-8", errors="replace")
                try:
                    notes.append(self._cosigned(whole))
                except VerificationFailed as error:
                    problems.append(f"{path.stem}: {error.message}")
                else:
                    at = cosignature.verify(*note.split(whole), self._key)
                    remarks = [f"the last, {path.stem}, was cosigned on {to_rfc3339(at)}"]
        except OSError as error:
            raise LedgerUnusable(f"cosignatures cannot be read: {error.strerror}") from error
        found = [Kept(self.place, Reach.OTHERS, tuple(notes), tuple(problems), tuple(remarks))]
        return [*found, self._now(stored)] if stored else found

    def _now(self, stored: Sequence[Stored]) -> Kept:
        """What the witness has seen of this ledger, asked so that it changes nothing there.

        It is asked to cosign once more what it cosigned last: it does so only when that is the same checkpoint.
        """
        place = f"{self.place}, asked now"
        newest, text = stored[-1]
        try:
            status, content = self._post(newest.size, [], text)
            seen = newest.size if status == 200 else self._seen(status, content, newest)
            if not seen:
                return Kept(place, Reach.OTHERS, remarks=("it has seen nothing of this ledger yet",))
            same = [one for one in stored if (one[0].shard, one[0].size) == (newest.shard, seen)]
            if not same:
                raise VerificationFailed(
                    f"{self.place} cosigned {newest.shard}/{seen}, which this ledger does not have"
                )
            last, text = same[0]
            if status != 200:
                status, content = self._post(last.size, [], text)
            if status != 200:
                self._seen(status, content, last)
                raise LedgerUnusable("it saw another checkpoint meanwhile: try again")
            cosignature.verify(last.text(), content.decode("utf-8", errors="replace"), self._key)
        except VerificationFailed as error:
            return Kept(place, Reach.OTHERS, problems=(error.message,))
        except (SiteError, LedgerUnusable) as error:
            return Kept(place, Reach.OTHERS, unreached=error.message)
        remark = "it has seen exactly this" if seen == newest.size else f"it has seen {seen} of {newest.size} entries"
        return Kept(place, Reach.OTHERS, (text,), remarks=(remark,))

    def _ask(self, checkpoint: Checkpoint, text: str, old: int) -> str:
        """The witness's signature lines. A conflict tells how far it really is, and is tried once more from there."""
        status, content = self._post(old, self._proof(checkpoint, old), text)
        if status == 409:
            old = self._seen(status, content, checkpoint)
            status, content = self._post(old, self._proof(checkpoint, old), text)
        if status != 200:
            self._seen(status, content, checkpoint)
            raise LedgerUnusable(f"{self.place} is being asked by somebody else at the same time: try again")
        lines = content.decode("utf-8", errors="replace")
        cosignature.verify(checkpoint.text(), lines, self._key)
        number = self._key.number
        own = [
            line
            for line in lines.removesuffix("\n").split("\n")
            if note.signature_line(line)[:2] == (self._key.name, number)
        ]
        return "".join(f"{line}\n" for line in own)

    def _seen(self, status: int, content: bytes, checkpoint: Checkpoint) -> int:
        """How many entries the witness has seen, from a conflict; every other refusal is an error.

        Raises:
            VerificationFailed: it saw a longer or another ledger. LedgerUnusable: it does not take this one.
        """
        name = f"{checkpoint.origin}/{checkpoint.shard}"
        if status == 404:
            raise LedgerUnusable(f"{self.place} does not know {name}", hint="Ask those who run it to add it.")
        if status == 403:
            raise LedgerUnusable(f"{self.place} does not know the key of {name}", hint="Give them the key.")
        text = content.decode("ascii", errors="replace")
        if status != 409 or not text.endswith("\n") or not note.SIZE.fullmatch(text[:-1]):
            what = "another history of this ledger" if status in (409, 422) else f"something wrong (HTTP {status})"
            raise VerificationFailed(
                f"{self.place} saw {what}: it does not cosign {checkpoint.shard}/{checkpoint.size}"
            )
        seen = int(text)
        if seen > checkpoint.size:
            raise VerificationFailed(
                f"{self.place} has seen {seen} entries of {checkpoint.shard}, this ledger signs {checkpoint.size}: "
                "entries are gone"
            )
        return seen

    def _proof(self, checkpoint: Checkpoint, old: int) -> list[bytes]:
        return self._prove(checkpoint.shard, old, checkpoint.size) if 0 < old < checkpoint.size else []

    def _post(self, old: int, proof: list[bytes], text: str) -> tuple[int, bytes]:
        hashes = "".join(f"{base64.b64encode(node).decode()}\n" for node in proof)
        body = f"old {old}\n{hashes}\n{text}".encode()
        return self._http.post_bytes(self._url, body, content_type=_CONTENT_TYPE, accepted=_ANSWERS)

    def _last(self, shard: int) -> int:
        sizes = [path.stem.partition("-")[2] for path in self._folder.glob(f"{shard}-*{COSIGNED}")]
        return max((int(size) for size in sizes if size.isdecimal()), default=0)

    def _cosigned(self, whole: str) -> str:
        """The stored note in a cosigned one, after verifying the cosignature."""
        text, lines = note.split(whole)
        cosignature.verify(text, lines, self._key)
        return note.without_cosignatures(whole)
