"""Commands of the ledger: init, verify, checkpoint, move."""

from __future__ import annotations

from pathlib import Path

import click

from moodle_sync.cli import (
    ledger_attest,
    ledger_backup,
    ledger_erasure,
    ledger_export,
    ledger_proofs,
    ledger_retention,
)
from moodle_sync.cli.common import Out, Settings, command
from moodle_sync.workflows import ledger as ledger_workflow
from moodle_sync.workflows import move as move_workflow


@click.group()
def ledger() -> None:
    """The append-only ledger of evidence."""


@command("init")
def init(settings: Settings, out: Out) -> int:
    """Make the store, the keystore and the keys that config.toml names. Nothing that exists is touched."""
    made = ledger_workflow.init(settings)
    out.show(made.lines(), made.document())
    return 0


@command(
    "verify",
    click.option("--payloads", is_flag=True, help="Decrypt every payload and check its commitment too."),
    click.option(
        "--checkpoint",
        "handed",
        multiple=True,
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        help="A checkpoint that somebody kept: .checkpoint, .txt, or a mail saved as .eml. May be given several times.",
    ),
    click.option("--key", "keys", multiple=True, help="The public key as known from outside: text, or a file of keys."),
)
def verify(settings: Settings, out: Out, payloads: bool, handed: tuple[Path, ...], keys: tuple[str, ...]) -> int:
    """Compute every root again from what is on disk and hold it against the checkpoints, here and in every place."""
    checked = ledger_workflow.verify(settings, payloads=payloads, handed=handed, keys=keys)
    out.show(checked.lines(), checked.document())
    return checked.exit_code


@command("checkpoint")
def checkpoint(settings: Settings, out: Out) -> int:
    """Sign the present head and write it to the places that config.toml names."""
    signed = ledger_workflow.checkpoint(settings)
    out.show(signed.lines(), signed.document())
    return 0


@command("move", click.option("--to", "to", required=True, metavar="URL", help="Address of the new store."))
def move(settings: Settings, out: Out, to: str) -> int:
    """Copy the ledger to another store, verify it there, and leave the old one behind, closed for writing."""
    moved = move_workflow.move(settings, to)
    out.show(moved.lines(), moved.document())
    return 0


for _command in (
    init,
    verify,
    checkpoint,
    move,
    *ledger_attest.COMMANDS,
    *ledger_proofs.COMMANDS,
    *ledger_export.COMMANDS,
    *ledger_erasure.COMMANDS,
    *ledger_retention.COMMANDS,
    *ledger_backup.COMMANDS,
):
    ledger.add_command(_command)
