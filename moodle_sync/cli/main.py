"""The entry point ``moodle-sync``: its command groups, and what an error becomes."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Sequence

import click

from moodle_sync import __version__
from moodle_sync.cli.courses import apply, plan, validate
from moodle_sync.cli.demo import demo
from moodle_sync.cli.evidence import pull
from moodle_sync.cli.ledger import ledger
from moodle_sync.cli.night import reconcile
from moodle_sync.cli.plugin import plugin
from moodle_sync.cli.report import report
from moodle_sync.cli.sandbox import sandbox
from moodle_sync.cli.setup import doctor, init, schema, status
from moodle_sync.cli.witness import witness
from moodle_sync.errors import MoodleSyncError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="moodle-sync")
def cli() -> None:
    """Makes an existing Moodle look like your course files, and keeps a verifiable ledger of what learners did.

    Exit codes: 0 done · 1 bug · 2 usage, configuration or spec · 3 plan refused, stale or in conflict ·
    4 ledger verification failed · 5 Moodle unreachable or denied · 6 done in part.
    """


_COMMANDS = (
    init,
    demo,
    doctor,
    validate,
    schema,
    plan,
    apply,
    pull,
    reconcile,
    status,
    ledger,
    report,
    plugin,
    sandbox,
    witness,
)
for _command in _COMMANDS:
    cli.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(run(words))


def run(words: Sequence[str]) -> int:
    """Run one command; a user's mistake prints a message and no traceback, anything unforeseen is a bug (1)."""
    try:
        code = cli.main(args=list(words), prog_name="moodle-sync", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return 2
    except click.exceptions.Abort:
        return 130
    except MoodleSyncError as error:
        _report(error, as_json="--json" in words)
        return error.exit_code
    except Exception:  # the last net: what is not foreseen is a bug, and says so
        traceback.print_exc()
        click.echo("This is a bug in moodle-sync: please report it with the lines above.", err=True)
        return 1
    return code if isinstance(code, int) else 0


def _report(error: MoodleSyncError, *, as_json: bool) -> None:
    if as_json:
        document = {"error": type(error).__name__, "message": str(error), "exit_code": error.exit_code}
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
    click.echo(str(error), err=True)
