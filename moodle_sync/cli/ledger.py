"""Commands of the ledger: init, verify, checkpoint."""

from __future__ import annotations

import click

from moodle_sync.cli import ledger_attest, ledger_backup, ledger_erasure, ledger_export, ledger_proofs
from moodle_sync.cli.common import Out, Settings, command
from moodle_sync.workflows import ledger as ledger_workflow

_FAILED = 4


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
)
def verify(settings: Settings, out: Out, payloads: bool) -> int:
    """Compute every root again from what is on disk and hold it against the checkpoints."""
    checked = ledger_workflow.verify(settings, payloads=payloads)
    out.show(checked.lines(), checked.document())
    return 0 if checked.ok else _FAILED


@command("checkpoint")
def checkpoint(settings: Settings, out: Out) -> int:
    """Sign the present head and write it to the places that config.toml names."""
    signed = ledger_workflow.checkpoint(settings)
    out.show(signed.lines(), signed.document())
    return 0


for _command in (
    init,
    verify,
    checkpoint,
    *ledger_attest.COMMANDS,
    *ledger_proofs.COMMANDS,
    *ledger_export.COMMANDS,
    *ledger_erasure.COMMANDS,
    *ledger_backup.COMMANDS,
):
    ledger.add_command(_command)
