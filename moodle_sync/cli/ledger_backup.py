"""Commands of whoever keeps the ledger running: backup, restore, copies, rotate-master-key, rotate-signing-key."""

from __future__ import annotations

from pathlib import Path

import click

from moodle_sync.cli.common import Out, Settings, command
from moodle_sync.workflows import backup as backup_workflow
from moodle_sync.workflows import copies as copies_workflow
from moodle_sync.workflows import restore as restore_workflow
from moodle_sync.workflows import rotation as rotation_workflow

_FOLDER = click.Path(path_type=Path)


@command(
    "backup",
    click.option("--out", "folder", type=_FOLDER, help="The folder for copies of the store."),
    click.option("--keystore-out", "vault", type=_FOLDER, help="Another folder, for copies of the keystore."),
)
def backup(settings: Settings, out: Out, folder: Path | None, vault: Path | None) -> int:
    """Copy the store, and the keystore apart; both are read back, proven and registered."""
    made = backup_workflow.backup(settings, folder, vault)
    out.show(made.lines(), made.document())
    return made.exit_code


@command(
    "restore",
    click.argument("folder", type=_FOLDER),
    click.option("--keystore", "vault", type=_FOLDER, help="A copy of the keystore, when that is gone too."),
    click.option("--accept-loss", is_flag=True, help="Go on though entries are lost: the ledger says so for ever."),
    click.option("--accept-unknown-erasures", is_flag=True, help="Go on though nobody can tell who was erased since."),
)
def restore(
    settings: Settings,
    out: Out,
    *,
    folder: Path,
    vault: Path | None,
    accept_loss: bool,
    accept_unknown_erasures: bool,
) -> int:
    """Put the backup in FOLDER in the place of a ledger that is gone, with every later erasure carried out on it."""
    restored = restore_workflow.restore(
        settings,
        restore_workflow.Source(folder, vault),
        restore_workflow.Accepted(loss=accept_loss, unknown_erasures=accept_unknown_erasures),
    )
    out.show(restored.lines(), restored.document())
    return 0


@command(
    "copies",
    click.option("--settle", "path", help="The path of a copy or file that you destroyed: forget it."),
)
def copies(settings: Settings, out: Out, path: str | None) -> int:
    """List what left the ledger (backups, packs, exports, reports), and what an erasure still owes there."""
    register = copies_workflow.register(settings, settle=path)
    out.show(register.lines(), register.document())
    return 0


@command("rotate-master-key")
def rotate_master_key(settings: Settings, out: Out) -> int:
    """Wrap every key of the keystore under a new master key. Cut off, run it again."""
    rotated = rotation_workflow.rotate_master_key(settings)
    out.show(rotated.lines(), rotated.document())
    return 0


@command(
    "rotate-signing-key",
    click.option("--lost", is_flag=True, help="The old key is lost: nobody vouches for the new one."),
)
def rotate_signing_key(settings: Settings, out: Out, lost: bool) -> int:
    """Sign checkpoints with a new key, for which the old one vouches. Cut off, run it again."""
    rotate = rotation_workflow.replace_lost_signing_key if lost else rotation_workflow.rotate_signing_key
    rotated = rotate(settings)
    out.show(rotated.lines(), rotated.document())
    return 0


COMMANDS = (backup, restore, copies, rotate_master_key, rotate_signing_key)
