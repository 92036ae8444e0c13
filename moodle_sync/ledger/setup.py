"""Makes the parts of a ledger: store, keystore, signing key, master key; all of them, or none, or says which are there.

Nothing that exists is ever written over. Each part appears under its name only when it is whole. The store comes
last: until it is there, nothing can have been sealed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from moodle_sync.clock import Clock, to_rfc3339
from moodle_sync.errors import LedgerUnusable
from moodle_sync.ledger import note
from moodle_sync.store import Store, checkpoints, files, init_store, open_store
from moodle_sync.store.engine import Transaction, exists, finish_store, prepare_store, sqlite_path
from moodle_sync.store.keys import MASTER_VARIABLE, load_master_key, new_master_key
from moodle_sync.store.keystore import create_keystore

ORIGIN = "origin"
CREATED = "created"


@dataclass(frozen=True)
class Places:
    """Where the parts of a ledger are, and what it is called.

    ``origin`` is the name under which checkpoints are signed, for good: a schema-less URL of the organisation's, such
    as ``example.org/registre``. ``master_key`` is not looked at when the environment holds the key.
    """

    store_url: str
    keystore: Path
    signing_key: Path
    origin: str
    master_key: Path | None = None


def make(places: Places, clock: Clock, environ: Mapping[str, str]) -> None:
    """Makes every part, each with mode 0600.

    A store that the course wing made before, and that no ledger was ever in, is taken as it is.

    Raises:
        LedgerUnusable: a part is there already (the message names those that are and those that are not), or the
            origin cannot be one.
    """
    if not note.ORIGIN.fullmatch(places.origin):
        raise LedgerUnusable(
            "the origin of a ledger has no spaces, no plus sign, and at most 200 characters",
            hint="Write a name of your organisation's, such as example.org/registre.",
        )
    _require_absent(places, environ)
    moves: list[tuple[Path, Path]] = []
    master_file = None if environ.get(MASTER_VARIABLE) else places.master_key
    if master_file is not None:
        moves.append(_prepare(master_file, new_master_key()))
        master = load_master_key(moves[-1][0], {})
    else:
        master = load_master_key(None, environ)
    part = files.part_of(places.keystore)
    for leftover in (part, part.with_name(f"{part.name}-journal")):
        leftover.unlink(missing_ok=True)
    create_keystore(part, master)
    moves += [(part, places.keystore), _prepare(places.signing_key, note.new_key())]
    public = note.public_bytes(note.load_key(moves[-1][0]))
    at = to_rfc3339(clock())

    def fill(transaction: Transaction) -> None:
        checkpoints.add_signer(transaction, public, at)
        checkpoints.set_meta(transaction, CREATED, at)
        checkpoints.set_meta(transaction, ORIGIN, places.origin)

    _put_in_place(places.store_url, moves, fill)


def _put_in_place(url: str, moves: list[tuple[Path, Path]], fill: Callable[[Transaction], None]) -> None:
    # Until here there are only part files, and a run that was killed can simply be run again. From the first move to
    # the last a kill leaves some parts in place: the next run names them.
    path = sqlite_path(url)
    if path is None and not exists(url):
        init_store(url).close()  # killed here: tables that no ledger was ever in
    if exists(url):  # the course wing made it, or we just now: its tables are the same
        for part, place in moves:
            files.move_new(part, place)
        with open_store(url) as store, store.write() as transaction:
            fill(transaction)
        return
    prepared = prepare_store(url, fill)
    for part, place in moves:
        files.move_new(part, place)
    if prepared is not None and path is not None:
        finish_store(prepared, path)


def _prepare(place: Path, content: bytes) -> tuple[Path, Path]:
    part = files.part_of(place)
    part.unlink(missing_ok=True)
    files.create(part, content)
    return part, place


def require_origin(store: Store, places: Places) -> None:
    """Passes when the store holds the ledger of this origin.

    Raises:
        LedgerUnusable: it holds none, or one of another origin.
    """
    with store.read() as transaction:
        origin = checkpoints.get_meta(transaction, ORIGIN)
    if origin is None:
        raise LedgerUnusable("this store holds no ledger yet", hint="Run: moodle-sync ledger init")
    if origin != places.origin:
        raise LedgerUnusable(
            f"this is the ledger of {origin!r}, the configuration says {places.origin!r}",
            hint="An origin never changes: every checkpoint was signed under it. Mend the configuration.",
        )


def _require_absent(places: Places, environ: Mapping[str, str]) -> None:
    path = sqlite_path(places.store_url)
    for part in filter(None, (path, places.keystore, places.signing_key, places.master_key)):
        if not part.parent.is_dir():
            raise LedgerUnusable(f"there is no directory {part.parent} for {part.name}", hint="Create it first.")
    parts = {"keystore": places.keystore.exists(), "signing key": places.signing_key.exists()}
    if not environ.get(MASTER_VARIABLE) and places.master_key is not None:
        parts["master key"] = places.master_key.exists()
    parts["ledger"] = exists(places.store_url) and _holds_ledger(places.store_url)
    there = [name for name, exists in parts.items() if exists]
    if not there:
        return
    missing = [name for name, exists in parts.items() if not exists]
    if not missing:
        raise LedgerUnusable("there is a ledger already; nothing was written")
    raise LedgerUnusable(
        f"half a ledger is there: {', '.join(there)}, but no {' and no '.join(missing)}; nothing was written",
        hint="If an earlier `ledger init` was cut short, move these files away and run it again: nothing was sealed "
        "with them. If there ever was a ledger, restore the missing files from its backups instead.",
    )


def _holds_ledger(url: str) -> bool:
    with open_store(url) as store, store.read() as transaction:
        return checkpoints.get_meta(transaction, ORIGIN) is not None
