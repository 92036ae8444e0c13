"""What was found in the places outside, as ``verify`` takes it: the notes, and how far each place is from the operator.

The places themselves are read in ``publish``; nothing here reads anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from moodle_sync.ledger.note import Checkpoint

Stored = tuple[Checkpoint, str]
"""A checkpoint and its signed note, as the ledger itself has them."""

ConsistencyProof = Callable[[int, int, int], list[bytes]]
"""``(shard, size1, size2)``: the proof that the first tree is the beginning of the second."""


class Reach(Enum):
    """Who else would have to take part before a copy there could be rewritten together with the ledger."""

    SAME_DISK = "on the ledger's own disk"
    OWN_ACCOUNT = "where the account that runs moodle-sync can write"
    REMOTE = "on a remote, as safe as those who administer it"
    STAMPED = "signed by a time-stamping authority"
    OTHERS = "held or signed by somebody else"


@dataclass(frozen=True)
class Kept:
    """What one place holds. The signed notes are as they were found, unchecked.

    ``problems``: what is wrong with the place itself; each of them makes verification fail.
    ``remarks``: what is worth knowing, such as a proven time.
    ``unreached``: why it could not be read; empty when it was.
    ``readable``: False for a place that can never be read back, which is then no fault of today.
    """

    place: str
    reach: Reach
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    unreached: str = ""
    readable: bool = True


class Publisher(Protocol):
    """A place outside the database where checkpoints are kept."""

    @property
    def place(self) -> str:
        """What the place is called: it is noted with each checkpoint that was published there."""

    @property
    def newest_only(self) -> bool:
        """Whether the newest checkpoint alone goes there (it covers those before it), or every one, in order."""

    def publish(self, checkpoint: Checkpoint, text: str) -> None:
        """Puts a signed note there for good; when this returns it will survive a crash of that place.

        Publishing the same note twice is no error. Raises a MoodleSyncError when the place is out of reach, or holds
        another note for the same size.
        """


class Place(Publisher, Protocol):
    """A publisher whose place can be asked what it holds."""

    def kept(self, stored: Sequence[Stored]) -> list[Kept]:
        """What is there. ``stored`` are the checkpoints that the ledger itself has, oldest first.

        Changes nothing there. What cannot be reached is said in the answer; raises a MoodleSyncError as ``publish``.
        """
