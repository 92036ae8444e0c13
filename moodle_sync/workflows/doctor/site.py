"""Checks of the site itself: the companion, what has to be switched on, the clock, the language pack and cron."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib import resources

from moodle_sync.moodle.functions import COMPANION_STATUS
from moodle_sync.moodle.wire.companion import CompanionStatus
from moodle_sync.state.resources import NEEDS_COMPANION
from moodle_sync.workflows.doctor.contact import Meeting, Visit
from moodle_sync.workflows.doctor.findings import Area, Finding, Mark
from moodle_sync.workflows.doctor.needs import page

_CLOCKS_APART = 120
"""Seconds between Moodle's clock and this machine's that are still nothing to speak of."""
_CRON_SEEN = timedelta(minutes=15)
_CRON_DEAD = timedelta(days=1)
"""Moodle asks for a run each minute; its own report calls a day without one critical."""


def check_companion(meeting: Meeting) -> Finding:
    """Whether the companion is on the site, tells its status, and is not older than the one shipped here."""
    visits = list(meeting.visits.values())
    status = next((visit.status for visit in visits if visit.status is not None), None)
    refused = next((visit.refused for visit in visits if visit.refused is not None), None)
    build = "moodle-sync plugin build, then " + page("plugins")
    if status is not None:
        release, version = shipped()
        if int(status.version) < version:
            sentence = f"release {status.release} ({status.version}), and this moodle-sync brings {release} ({version})"
            return Finding(Area.MOODLE, "companion", Mark.WARNING, sentence, hint=build)
        return Finding(Area.MOODLE, "companion", Mark.OK, f"release {status.release} ({status.version})")
    if refused is not None:
        sentence = f"is there and does not tell its status: {refused.message}"
        return Finding(Area.MOODLE, "companion", Mark.FAILED, sentence, hint=refused.hint)
    kinds = ", ".join(sorted(kind.value for kind in NEEDS_COMPANION))
    sentence = f"not installed, or not in the tokens' services: {len(NEEDS_COMPANION)} kinds of change are blocked"
    return Finding(Area.MOODLE, "companion", Mark.WARNING, sentence, (kinds,), build)


def shipped() -> tuple[str, int]:
    """Release and version of the companion that this package brings.

    Raises:
        ValueError: ``version.php`` names none.
    """
    plugin = resources.files("moodle_sync") / "companion" / "local_moodlesync" / "version.php"
    text = plugin.read_text(encoding="utf-8")
    release = re.search(r"\$plugin->release\s*=\s*'([^']+)'", text)
    version = re.search(r"\$plugin->version\s*=\s*(\d+)", text)
    if release is None or version is None:
        raise ValueError("version.php: no $plugin->release or $plugin->version")
    return release[1], int(version[1])


def has_companion(meeting: Meeting) -> bool:
    """Whether either token's service knows the companion."""
    return any(COMPANION_STATUS in visit.info.functions for visit in meeting.visits.values())


def check_switches(visit: Visit) -> Iterator[Finding]:
    """Completion and competencies, as far as ``core_webservice_get_site_info`` tells."""
    on = {feature.name: feature.on for feature in visit.account.advancedfeatures}
    yield _switch("completion", on.get("enablecompletion"), "completion tracking", page("advanced"))
    yield _switch("competencies", on.get("enablecompetencies"), "competencies", page("competencies"))


def _switch(name: str, on: bool | None, what: str, where: str) -> Finding:
    if on is None:
        sentence = f"Moodle does not tell whether {what} is switched on"
        return Finding(Area.MOODLE, name, Mark.UNKNOWN, sentence, hint=where)
    if on:
        return Finding(Area.MOODLE, name, Mark.OK, "switched on")
    sentence = "switched off: nothing of it can be written or read"
    return Finding(Area.MOODLE, name, Mark.FAILED, sentence, hint=f"Enable {what}: {where}")


def check_clock(visit: Visit, now: datetime) -> Iterator[Finding]:
    """Moodle's clock beside this machine's, where the companion tells it."""
    if visit.status is None or visit.status.servertime is None:
        return
    apart = int((visit.status.servertime - now).total_seconds())
    if abs(apart) > _CLOCKS_APART:
        sentence = f"Moodle's clock is {abs(apart)} s {'ahead of' if apart > 0 else 'behind'} this machine's"
        hint = "Have both set by NTP: what is late is judged by Moodle's clock, what was seen when by this one."
        yield Finding(Area.MOODLE, "clock", Mark.WARNING, sentence, hint=hint)
    else:
        yield Finding(Area.MOODLE, "clock", Mark.OK, "Moodle's and this machine's agree")


def check_languages(status: CompanionStatus | None) -> Finding:
    """Whether the French language pack is installed: without it Moodle's own words stay English for learners."""
    where = page("languages")
    if status is None or status.languages is None:
        sentence = f"whether the language pack is installed could not be told {_untold(status)}"
        return Finding(Area.MOODLE, "French", Mark.UNKNOWN, sentence, hint=where)
    if "fr" in status.languages:
        return Finding(Area.MOODLE, "French", Mark.OK, "the language pack is installed")
    sentence = "the language pack is not installed: learners read Moodle's own words in English"
    return Finding(Area.MOODLE, "French", Mark.FAILED, sentence, hint=f"Install French (fr): {where}")


def check_cron(status: CompanionStatus | None) -> Finding:
    """When cron last ran, by Moodle's clock: without it completions and competencies come late or never."""
    where = page("cron")
    if status is None or status.languages is None or status.servertime is None:
        sentence = f"when it last ran could not be told {_untold(status)}"
        return Finding(Area.MOODLE, "cron", Mark.UNKNOWN, sentence, hint=where)
    late = "completions and competencies come late or never"
    hint = f"Have the server run admin/cli/cron.php every minute; look at {where}."
    if status.lastcron is None:
        return Finding(Area.MOODLE, "cron", Mark.FAILED, f"it never ran: {late}", hint=hint)
    age = status.servertime - status.lastcron
    sentence = f"last run {status.lastcron:%Y-%m-%d %H:%M} UTC"
    if age <= _CRON_SEEN:
        return Finding(Area.MOODLE, "cron", Mark.OK, sentence)
    mark = Mark.FAILED if age > _CRON_DEAD else Mark.WARNING
    return Finding(Area.MOODLE, "cron", mark, f"{sentence}, {_ago(age)} ago: {late}", hint=hint)


def _untold(status: CompanionStatus | None) -> str:
    return "without the companion" if status is None else f"by release {status.release} of the companion"


def _ago(age: timedelta) -> str:
    minutes = int(age.total_seconds()) // 60
    return f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} hours"
