"""The places that config.toml names for checkpoints: made from the settings, told about, and read back for verify."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from moodle_sync.clock import utc_now
from moodle_sync.config import Settings, read_secret
from moodle_sync.config.publish import EmailSettings, GitSettings, TimestampSettings, WitnessSettings
from moodle_sync.errors import ConfigError, LedgerUnusable, MoodleSyncError, VerificationFailed
from moodle_sync.ledger import Kept, Ledger, Place, Reach, cosignature
from moodle_sync.ledger.note import Checkpoint
from moodle_sync.ledger.outside import Stored
from moodle_sync.net import HttpClient, NetSettings
from moodle_sync.publish.email import EmailPublisher
from moodle_sync.publish.file import FilePublisher, read_published
from moodle_sync.publish.git import GitPublisher
from moodle_sync.publish.handed import read_handed
from moodle_sync.publish.timestamp import TimestampPublisher
from moodle_sync.publish.witness import WitnessPublisher
from moodle_sync.store.address import on_this_machine
from moodle_sync.store.engine import sqlite_path

_ANSWER = 1024 * 1024


class Unusable:
    """A place that is configured so that it cannot be used: the others are, and this one says why it is not."""

    newest_only = True

    def __init__(self, place: str, error: ConfigError) -> None:
        self.place = place
        self._error = error

    def publish(self, checkpoint: Checkpoint, text: str) -> None:
        """Raises the ConfigError."""
        raise self._error

    def kept(self, stored: Sequence[Stored]) -> list[Kept]:
        """Raises the ConfigError."""
        raise self._error


@contextmanager
def publishers(settings: Settings, ledger: Ledger) -> Iterator[list[Place]]:
    """Every configured place, the folder of files first. Nothing is contacted yet."""
    origin, to = settings.ledger.origin, settings.publish
    folder = settings.ledger.checkpoints
    places: list[Place] = [FilePublisher(folder, reach=reach(settings, folder), origin=origin)]
    with ExitStack() as stack:
        if to.git:
            places.append(_git(settings, to.git))
        if to.email:
            places.append(EmailPublisher(to.email, _password(to.email), utc_now))
        if to.timestamp:
            places.append(_timestamp(origin, to.timestamp, stack))
        if to.witness:
            places.append(_witness(origin, to.witness, stack, ledger))
        yield places


def _git(settings: Settings, git: GitSettings) -> Place:
    return GitPublisher(
        git.repository,
        origin=settings.ledger.origin,
        remote=git.remote,
        branch=git.branch,
        timeout=git.timeout,
        reach=reach(settings, git.repository),
    )


def _timestamp(origin: str, stamp: TimestampSettings, stack: ExitStack) -> Place:
    try:
        http = stack.enter_context(_http(stamp.timeout, stamp.proxy, stamp.ca_bundle))
    except ConfigError as error:
        return Unusable("timestamp", error)
    return TimestampPublisher(stamp.url, stamp.roots, stamp.folder, origin=origin, http=http, clock=utc_now)


def _witness(origin: str, witness: WitnessSettings, stack: ExitStack, ledger: Ledger) -> Place:
    try:
        key = witness_key(witness.key)
        http = stack.enter_context(_http(witness.timeout, witness.proxy, witness.ca_bundle))
    except ConfigError as error:
        return Unusable("witness", error)
    prove = ledger.consistency_proof
    return WitnessPublisher(witness.url, key, witness.folder, origin=origin, http=http, prove=prove)


def read_back(settings: Settings, ledger: Ledger, handed: Sequence[Path] = ()) -> list[Kept]:
    """What every place holds, and the files that somebody kept. A place out of reach is said, and is no error.

    Raises:
        UsageError: a file that was given holds no checkpoint.
    """
    kept = [read_handed(path) for path in handed]
    stored = ledger.checkpoints()
    with publishers(settings, ledger) as places:
        for place in places:
            try:
                kept += place.kept(stored)
            except VerificationFailed as error:
                kept.append(Kept(place.place, Reach.OTHERS, problems=(error.message,)))
            except MoodleSyncError as error:
                kept.append(Kept(place.place, Reach.OTHERS, unreached=error.message))
    return kept


def read_folder(settings: Settings) -> list[str]:
    """Every note of this ledger in its folder of files, oldest first: what can be read without contacting anybody."""
    folder = settings.ledger.checkpoints
    return read_published(folder, settings.ledger.origin) if folder.is_dir() else []


def read_notes(settings: Settings) -> list[str]:
    """The notes in the folder of files, and in the git repository with its remote: readable without a ledger.

    Raises:
        LedgerUnusable: a place cannot be read. VerificationFailed: a place lost or rewrote what it had.
    """
    git, notes = settings.publish.git, read_folder(settings)
    for one in _git(settings, git).kept(()) if git else ():
        if one.unreached:
            hint = "Bring it into reach, or take [publish.git] out of config.toml for this once."
            raise LedgerUnusable(f"{one.place} cannot be read: {one.unreached}", hint=hint)
        if one.problems:
            raise VerificationFailed(f"{one.place}: {'; '.join(one.problems)}")
        notes += one.notes
    return list(dict.fromkeys(notes))


def reach(settings: Settings, folder: Path) -> Reach:
    """Whether a folder is on the disk of the ledger's database; never further than the operator's own hands."""
    return Reach.SAME_DISK if same_disk(settings, folder) else Reach.OWN_ACCOUNT


def same_disk(settings: Settings, folder: Path) -> bool | None:
    """Whether a folder (or the nearest one above it) is on the same disk as the database; None when nobody can tell.

    Where a database server keeps its files it tells no ordinary role: on this machine they are taken to be on the same
    disk, so that a copy that may not be one is not counted.
    """
    try:
        database, here = sqlite_path(settings.ledger.store), on_this_machine(settings.ledger.store)
    except LedgerUnusable:
        return None
    if database is None:
        return True if here else None
    return _disk(database) == _disk(folder)


def on_same_disk(settings: Settings, place: str) -> bool:
    """Whether a place, by its name, is nothing but a folder or repository on the disk of the ledger's database."""
    kind, _, path = place.partition(":")
    return kind in ("file", "git") and _ARROW not in path and same_disk(settings, Path(path)) is True


def describe(settings: Settings, places: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Where copies of a checkpoint are, in French: those outside, and those on the ledger's own disk.

    Says of each what it is, so that no reader takes a folder of the same administrator for a third party.
    """
    outside: list[str] = []
    beside: list[str] = []
    for place in places:
        kind, _, name = place.partition(":")
        words = f"{_FRENCH.get(kind, kind)} {name.replace(_ARROW, ', envoyé au dépôt distant ')}"
        if on_same_disk(settings, place):
            beside.append(words)
        elif kind in ("file", "git") and _ARROW not in name:
            outside.append(f"{words} (que le compte qui tient le registre peut aussi écrire)")
        else:
            outside.append(words)
    return tuple(outside), tuple(beside)


_ARROW = " → "
_FRENCH = {
    "file": "dossier",
    "git": "dépôt git",
    "email": "courrier envoyé à",
    "timestamp": "horodatage RFC 3161 par",
    "witness": "contresignature du témoin",
}


def witness_key(text: str) -> cosignature.WitnessKey:
    """The configured key of the witness.

    Raises:
        ConfigError: it is none.
    """
    try:
        return cosignature.read_key(text)
    except VerificationFailed as error:
        hint = "Write it under [publish.witness] as those who run the witness gave it: name+id+base64."
        raise ConfigError(error.message, hint=hint) from error


def _password(settings: EmailSettings) -> Callable[[], str]:
    return lambda: read_secret("password of the mail account", settings.password_env, settings.password_file)


def _http(timeout: float, proxy: str | None, ca_bundle: Path | None) -> HttpClient:
    return HttpClient(
        NetSettings(connect_timeout=timeout, read_timeout=timeout, max_bytes=_ANSWER, proxy=proxy, ca_bundle=ca_bundle)
    )


def _disk(path: Path) -> int:
    return next(part for part in (path, *path.absolute().parents) if part.exists()).stat().st_dev
