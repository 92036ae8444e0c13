"""What a verification found: one sentence a check, and where in the ledger a check failed.

Part of ``verify``: what its checks share. Reads nothing itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from moodle_sync.ledger.note import Checkpoint
from moodle_sync.ledger.outside import Kept


@dataclass(frozen=True)
class Check:
    """One check: its name, whether it passed, and a sentence for people."""

    name: str
    ok: bool
    sentence: str


class Findings:
    """Collects checks in the order in which they are first named; one that failed once stays failed."""

    _SHOWN = 5

    def __init__(self) -> None:
        self._failed: dict[str, list[str]] = {}
        self._passed: dict[str, str] = {}

    def add(self, name: str, ok: bool, wrong: str, right: str) -> None:
        """Notes a check: ``wrong`` is said when it failed, ``right`` when it passed everywhere."""
        self._failed.setdefault(name, [])
        if ok:
            self._passed[name] = right
        else:
            self._failed[name].append(wrong)

    def fail(self, name: str, wrong: str) -> None:
        """Notes that a check failed."""
        self.add(name, False, wrong, "")

    def checks(self) -> tuple[Check, ...]:
        """Every check, with at most a few of the places where it failed."""
        return tuple(self._check(name, failures) for name, failures in self._failed.items())

    def _check(self, name: str, failures: list[str]) -> Check:
        if not failures:
            return Check(name, True, self._passed[name])
        more = len(failures) - self._SHOWN
        shown = "; ".join(failures[: self._SHOWN]) + (f"; and {more} more" if more > 0 else "")
        return Check(name, False, shown)


@dataclass
class Totals:
    """Counts over all shards."""

    personal: int = 0
    payloads: int = 0
    decrypted: int = 0
    erased: int = 0
    programmes: set[str] = field(default_factory=set)


@dataclass
class Checkpoints:
    """Checkpoints whose signature holds, stored and outside, and the roots that the leaves give at their sizes."""

    stored: dict[tuple[int, int], Checkpoint] = field(default_factory=dict)
    outside: list[tuple[Kept, Checkpoint]] = field(default_factory=list)
    notes: dict[tuple[int, int], str] = field(default_factory=dict)
    roots: dict[tuple[int, int], bytes] = field(default_factory=dict)
    lost: list[Checkpoint] = field(default_factory=list)
    """Checkpoints found outside over entries that the ledger itself gave up as lost."""

    def sizes(self, shard: int) -> set[int]:
        """The sizes of a shard at which a root is wanted."""
        found = (*self.stored, *((one.shard, one.size) for _, one in self.outside))
        return {size for one, size in found if one == shard}
