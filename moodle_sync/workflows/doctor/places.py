"""Checks of the places that checkpoints go to: each usable as far as it can be seen from here, and enough of them.

Nothing is sent anywhere: whether a remote, a mail server, an authority or a witness answers shows at a checkpoint.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial

from moodle_sync.config import (
    EmailSettings,
    GitSettings,
    Settings,
    TimestampSettings,
    WitnessSettings,
    read_secret,
)
from moodle_sync.errors import ConfigError, MoodleSyncError
from moodle_sync.publish.gitrun import Git
from moodle_sync.publish.timestamp import read_roots
from moodle_sync.workflows.doctor.findings import Area, Finding, Mark
from moodle_sync.workflows.publishing import same_disk, witness_key

WANTED = 2


def check_places(settings: Settings) -> Iterator[Finding]:
    """The folder of checkpoints, each further place, and how many there are."""
    yield _folder(settings)
    for name, check in _others(settings):
        try:
            yield Finding(Area.LEDGER, name, Mark.OK, check())
        except MoodleSyncError as error:
            area = Area.CONFIG if isinstance(error, ConfigError) else Area.LEDGER
            yield Finding(area, name, Mark.FAILED, error.message, hint=error.hint)
    yield _enough(settings)


def _folder(settings: Settings) -> Finding:
    name, folder = "checkpoints", settings.ledger.checkpoints
    if not folder.is_dir():
        hint = f"Make it, or mount the disk that it is on: mkdir {folder}"
        return Finding(Area.LEDGER, name, Mark.FAILED, f"there is no folder {folder}", hint=hint)
    if not os.access(folder, os.W_OK | os.X_OK):
        return Finding(
            Area.LEDGER, name, Mark.FAILED, f"{folder} cannot be written", hint="Let this account write there."
        )
    beside = same_disk(settings, folder)
    if beside is None:
        sentence = f"{folder}: whether the database is on the same machine is not known"
        return Finding(Area.LEDGER, name, Mark.UNKNOWN, sentence)
    if beside:
        sentence = f"{folder} is on the same disk as the ledger: whoever rewrites the one can rewrite the other"
        hint = "Name a folder on another machine (a share, a synchronised folder) under [ledger] in config.toml."
        return Finding(Area.LEDGER, name, Mark.WARNING, sentence, hint=hint)
    return Finding(Area.LEDGER, name, Mark.OK, f"{folder}, on another disk than the ledger")


def _others(settings: Settings) -> Iterator[tuple[str, Callable[[], str]]]:
    to = settings.publish
    if to.git:
        yield "git", partial(_git, to.git)
    if to.email:
        yield "e-mail", partial(_email, to.email)
    if to.timestamp:
        yield "time stamp", partial(_timestamp, to.timestamp)
    if to.witness:
        yield "witness", partial(_witness, to.witness)


def _git(one: GitSettings) -> str:
    git = Git(one.repository, one.timeout)
    git.require_bare()
    if one.remote is None:
        return f"{one.repository}; without a remote whoever rewrites the ledger can rewrite it too"
    git.run("remote", "get-url", one.remote)
    return f"{one.repository}, pushed to its remote {one.remote}"


def _email(one: EmailSettings) -> str:
    if one.user is not None:
        read_secret("password of the mail account", one.password_env, one.password_file)
    return f"{len(one.to)} addresses, by {one.host}"


def _timestamp(one: TimestampSettings) -> str:
    return f"{one.url}, verified by {len(read_roots(one.roots))} root certificates"


def _witness(one: WitnessSettings) -> str:
    return f"{witness_key(one.key).name}, at {one.url}"


def _enough(settings: Settings) -> Finding:
    """Counts places that are not on the ledger's own disk; a repository counts by its remote."""
    to = settings.publish
    outside = sum(place is not None for place in (to.email, to.timestamp, to.witness))
    outside += not same_disk(settings, settings.ledger.checkpoints)
    if to.git:
        outside += bool(to.git.remote) or not same_disk(settings, to.git.repository)
    sentence = f"{outside} places for checkpoints away from the ledger's own disk, {WANTED} or more are wanted"
    if outside >= WANTED:
        return Finding(Area.LEDGER, "places", Mark.OK, sentence)
    hint = "docs/reference/publishing.md says which place protects against whom, and how to set it up."
    return Finding(Area.LEDGER, "places", Mark.WARNING, sentence, hint=hint)
