"""Commands of the ledger that take something away, and the migration of its tables: erase, migrate."""

from __future__ import annotations

from datetime import datetime

import click

from moodle_sync.cli.common import Out, Settings, command
from moodle_sync.errors import UsageError
from moodle_sync.workflows import erasure as erasure_workflow
from moodle_sync.workflows import migrate as migrate_workflow
from moodle_sync.workflows import retention as retention_workflow


@command(
    "erase",
    click.option("--person", help="Whose data: the external key, or Moodle's number as userid:N."),
    click.option("--session", help="Only in this session; with --everybody, of all who are in it."),
    click.option("--everybody", is_flag=True, help="Everybody in --session."),
    click.option("--reason", help="The ground, by article 17 GDPR; a wrong one lists them all."),
    click.option("--due", is_flag=True, help="What the retention policies say is due (see ledger due)."),
    click.option("--policy", help="The name of the organisation's rule, rgpd-17 by default; with --due only this one."),
    click.option("--refuse", is_flag=True, help="Do not erase: record that it is refused, with --until."),
    click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The end of a refusal."),
    click.option("--despite-refusal", is_flag=True, help="Erase though a refusal still stands."),
    click.option("--delete-copies", is_flag=True, help="Also delete packs, exports and reports that hold their data."),
    click.option("--yes", is_flag=True, help="Do it; without this, only say what would be done."),
    click.option("--resume", is_flag=True, help="Finish erasures that were cut off, and remove their last remnants."),
)
def erase(
    settings: Settings,
    out: Out,
    *,
    person: str | None,
    session: str | None,
    everybody: bool,
    reason: str | None,
    due: bool,
    policy: str | None,
    refuse: bool,
    until: datetime | None,
    despite_refusal: bool,
    delete_copies: bool,
    yes: bool,
    resume: bool,
) -> int:
    """Destroy what the ledger knows of a person, so that nothing brings it back; every other proof still holds."""
    if resume:
        resumed = erasure_workflow.resume(settings)
        out.show(resumed.lines(), resumed.document())
        return 0
    if due:
        if person or everybody or reason or refuse or until or despite_refusal:
            raise UsageError("--due erases what the policies say: give it --policy, --session and --yes at most")
        retired = retention_workflow.erase_due(settings, policy=policy, session=session, yes=yes)
        out.show(retired.lines(), retired.document())
        return 0
    policy = policy or "rgpd-17"
    if everybody == (person is not None) or (everybody and session is None):
        raise UsageError("name a --person (with or without --session), or a --session with --everybody")
    if refuse != (until is not None):
        raise UsageError("a refusal has its end: --refuse and --until go together")
    target = erasure_workflow.Target(person, session)
    if refuse and until is not None:
        result = erasure_workflow.refuse(
            settings, target, policy=policy, reason=reason or "", until=until.date(), yes=yes
        )
    else:
        result = erasure_workflow.erase(
            settings,
            target,
            policy=policy,
            reason=reason or "",
            yes=yes,
            despite_refusal=despite_refusal,
            delete_copies=delete_copies,
        )
    out.show(result.lines(), result.document())
    return 0


@command("migrate")
def migrate(settings: Settings, out: Out) -> int:
    """Bring the tables of the store to this version. Copy the file to a safe place first."""
    migrated = migrate_workflow.migrate(settings)
    out.show(migrated.lines(), migrated.document())
    return 0


COMMANDS = (erase, migrate)
