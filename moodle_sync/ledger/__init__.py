"""The ledger: observations, sealed in order under a Merkle tree, and what proves that nobody changed them.

Takes facts in (:meth:`Ledger.stage`, :meth:`Ledger.seal`), gives them back in order (:meth:`Ledger.facts`; what was
attested apart, :meth:`Ledger.attested`), signs and publishes checkpoints, erases, and verifies all of it. It proves
what was recorded, when, and that it was not altered since; never presence nor conformity. No verdict is made or kept
here.
"""

from moodle_sync.ledger.book import Ledger
from moodle_sync.ledger.checkpoint import Published
from moodle_sync.ledger.checks import Check
from moodle_sync.ledger.outside import Kept, Place, Publisher, Reach
from moodle_sync.ledger.reading import SealedAttestation, SealedFact
from moodle_sync.ledger.sealer import Sealed
from moodle_sync.ledger.setup import Places
from moodle_sync.ledger.staging import Staged
from moodle_sync.ledger.verify import Verification, verify

__all__ = [
    "Check",
    "Kept",
    "Ledger",
    "Place",
    "Places",
    "Published",
    "Publisher",
    "Reach",
    "Sealed",
    "SealedAttestation",
    "SealedFact",
    "Staged",
    "Verification",
    "verify",
]
