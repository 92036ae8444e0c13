"""The seal and checkpoint stages: whatever waits is sealed, and the head goes outside, signed."""

from __future__ import annotations

from moodle_sync.config import Settings
from moodle_sync.workflows.ledger import open_ledger, sign
from moodle_sync.workflows.reconcile.stage import Result


def seal(settings: Settings) -> Result:
    """Seal everything that was staged, by this round or by a pull that was cut off.

    Raises:
        LedgerError: it cannot be opened, or another process writes.
    """
    with open_ledger(settings) as ledger:
        sealed = ledger.seal()
        return Result(f"{sealed.count} entries sealed, {ledger.size()} in the ledger")


def publish(settings: Settings) -> Result:
    """Sign the head and bring it to every place; an empty ledger has nothing to sign, and that is no failure.

    Raises:
        VerificationFailed: what is on disk is not what was sealed; nothing was signed.
        LedgerUnusable, DoneInPart: signed, but a place could not be written.
    """
    with open_ledger(settings) as ledger:
        if not ledger.size():
            return Result("nothing to sign yet: no entry was ever sealed")
        signed = sign(settings, ledger)
    return Result(f"{signed.size} entries, root {signed.root[:12]}…", tuple(f"→ {place}" for place in signed.places))
