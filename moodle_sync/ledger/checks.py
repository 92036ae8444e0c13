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
        self._failed: dict[str, int] = {}
        self._shown: dict[str, list[str]] = {}
        self._passed: dict[str, str] = {}

    def add(self, name: str, ok: bool, wrong: str, right: str) -> None:
        """Notes a check: ``wrong`` is said when it failed, ``right`` when it passed everywhere."""
        self._failed.setdefault(name, 0)
        if ok:
            self._passed[name] = right
            return
        self._failed[name] += 1
        shown = self._shown.setdefault(name, [])
        if len(shown) < self._SHOWN:
            shown.append(wrong)

    def take(self, other: Findings) -> None:
        """Adds what was found elsewhere."""
        for name, count in other._failed.items():
            self._failed[name] = self._failed.get(name, 0) + count
            if name in other._passed:
                self._passed[name] = other._passed[name]
            shown = self._shown.setdefault(name, []) + other._shown.get(name, [])
            self._shown[name] = shown[: self._SHOWN]

    def fail(self, name: str, wrong: str) -> None:
        """Notes that a check failed."""
        self.add(name, False, wrong, "")

    def checks(self) -> tuple[Check, ...]:
        """Every check, with at most a few of the places where it failed."""
        return tuple(self._check(name, count) for name, count in self._failed.items())

    def _check(self, name: str, count: int) -> Check:
        if not count:
            return Check(name, True, self._passed[name])
        more = count - self._SHOWN
        return Check(name, False, "; ".join(self._shown[name]) + (f"; and {more} more" if more > 0 else ""))


@dataclass
class Totals:
    """Counts over all shards."""

    personal: int = 0
    payloads: int = 0
    decrypted: int = 0
    erased: int = 0
    programmes: set[str] = field(default_factory=set)

    def take(self, other: Totals) -> None:
        """Adds what was counted elsewhere."""
        self.personal += other.personal
        self.payloads += other.payloads
        self.decrypted += other.decrypted
        self.erased += other.erased
        self.programmes |= other.programmes


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
