"""demo: the whole loop over a stand-in for Moodle, in a folder of its own, with nothing to configure.

The steps are those of an administrator and of a night: plan, apply, plan again, people at work, pull, pull again,
verify, report; then one field of each managed kind and one fact of each kind are changed, and plan and pull have to
name them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from moodle_sync.config import Settings, load_settings
from moodle_sync.errors import UsageError
from moodle_sync.moodle.transport import Transport
from moodle_sync.net import HttpClient, NetSettings
from moodle_sync.plan.planfile import Plan
from moodle_sync.plan.rendering import render
from moodle_sync.sandbox import Sandbox
from moodle_sync.spec.loader import load_specs
from moodle_sync.workflows import apply as applying
from moodle_sync.workflows import ledger, plan, pull, report
from moodle_sync.workflows.demo import scenery
from moodle_sync.workflows.demo.alterations import alter_after_work, alter_before_work, change_facts
from moodle_sync.workflows.demo.clock import StageClock
from moodle_sync.workflows.demo.edits import Edit
from moodle_sync.workflows.demo.people import Actor, find_course
from moodle_sync.workflows.demo.story import Moment, Stage, nights, story

JSON = Any
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Demo:
    """What the demo saw, as one document and as lines."""

    found: Mapping[str, JSON]

    @property
    def ok(self) -> bool:
        """Whether every step showed what it should."""
        f = self.found
        return bool(
            f["replan"]["changes"] == 0
            and f["repull"]["new_entries"] == 0
            and f["ledger"]["verified"]
            and f["altered"]["fields"] == f["altered"]["found"]
            and f["changed"]["facts"] == f["changed"]["found"]
        )

    def lines(self) -> list[str]:
        """For a person."""
        f = self.found
        return [
            f"planned {f['plan']['changes']} changes, {f['apply']['done']} done; then planned {f['replan']['changes']}",
            f"pulled {f['pull']['facts']} facts; pulled again: {f['repull']['new_entries']} new",
            f"{f['ledger']['entries']} entries in the ledger, verified: {'yes' if f['ledger']['verified'] else 'NO'}",
            f"{len(f['altered']['fields'])} fields altered by hand, {len(f['altered']['found'])} named as drift",
            f"{len(f['changed']['facts'])} facts changed, {len(f['changed']['found'])} pulled",
            f"The report: {f['report']}",
        ]


def demo(folder: Path, *, version: str, progress: Progress) -> Demo:
    """Play the whole story in a new folder; the stand-in is stopped at the end.

    Raises:
        UsageError: the folder exists and is not empty. MoodleSyncError: a step failed.
    """
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty: name a folder that does not exist yet.")
    time = StageClock()
    with Sandbox(version=version, companion=True, now=time) as sandbox:
        progress(f"A stand-in for Moodle {version} listens at {sandbox.url}")
        settings = _prepare(folder, sandbox)
        return Demo(_play(settings, folder, sandbox, time, progress) | {"moodle": version})


def _prepare(folder: Path, sandbox: Sandbox) -> Settings:
    folder.mkdir(parents=True, exist_ok=True)
    scenery.write(folder, sandbox.url, sandbox.actors(), date.today())  # noqa: DTZ011 - the demo is dated where it runs
    secrets = {"push.token": sandbox.push_token, "pull.token": sandbox.pull_token}
    for name, token in secrets.items():
        path = folder / "secrets" / name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(token, encoding="utf-8")
    return load_settings(folder / "config.toml")


def _play(settings: Settings, folder: Path, sandbox: Sandbox, time: StageClock, progress: Progress) -> dict[str, JSON]:
    ledger.init(settings)
    [session] = load_specs(settings.paths.specs).sessions.values()
    time.moment = scenery.opening(session)
    found: dict[str, JSON] = {"site": sandbox.url, **_plan_and_apply(settings, folder, progress)}
    with HttpClient(NetSettings()) as http:
        stage = _stage(settings, sandbox, session, http)
        push = _ws(sandbox.url, sandbox.push_token, http)
        _count_no_unsubmitted_attempt(sandbox)
        early, found_early = alter_before_work(settings, stage, push)
        nightly = _live(settings, time, stage, progress)
        found |= _pull_twice(settings, time, nightly, progress)
        written = report.session_report(settings, session.session, file=None, as_of=None, simulated=True)
        found["report"] = str(written.path)
        progress(f"report: {written.path}")
        late, found_late = alter_after_work(settings, stage, push)
        found["altered"] = {"fields": _texts(early | late), "found": _texts(found_early | found_late)}
        found["changed"] = change_facts(settings, stage, time, push)
    return found


def _plan_and_apply(settings: Settings, folder: Path, progress: Progress) -> dict[str, JSON]:
    first = plan.make_plan(settings, []).plan
    plan.write_plan(first, folder / "plan.json")
    for line in render(first):
        progress(line)
    applied = applying.apply_plan(settings, (folder / "plan.json").read_text(encoding="utf-8"), lambda line: None)
    progress(f"apply: {len(applied.done)} done")
    again = plan.make_plan(settings, []).plan
    progress(f"plan again: {again.counts.writes} changes")
    return {
        "plan": _counted(first),
        "apply": {"done": len(applied.done), "failed": len(applied.failures)},
        "replan": _counted(again),
    }


def _count_no_unsubmitted_attempt(sandbox: Sandbox) -> None:
    """A common choice of sites, made in a form that no web service fills: what was not submitted in time is abandoned.

    With Moodle's other choice an unfinished attempt is submitted when its time is over, and nobody sees the difference.
    """
    for quiz in sandbox.world.quizzes:
        quiz.overduehandling = "autoabandon"


def _counted(made: Plan) -> JSON:
    return {"changes": made.counts.writes, "drift": made.counts.drift}


def _live(settings: Settings, time: StageClock, stage: Stage, progress: Progress) -> int:
    """Play the story, and read the course on some of its nights; returns how many entries these nights brought."""
    moments = story(stage)
    rounds = [Moment(at, partial(_pull, settings, time)) for at in nights(stage)]
    brought = 0
    for moment in sorted([*moments, *rounds], key=lambda moment: moment.at):
        time.moment = moment.at
        done = moment.act()
        if isinstance(done, pull.Pulled):
            brought += done.new_entries
            progress(f"night of {moment.at:%Y-%m-%d}: {done.new_entries} new entries")
    time.moment = None
    progress(f"people: {len(moments)} moments from {moments[0].at:%Y-%m-%d} to {moments[-1].at:%Y-%m-%d}")
    return brought


def _pull(settings: Settings, time: StageClock) -> pull.Pulled:
    return pull.pull(settings, [], budget=None, progress=lambda line: None, now=time)


def _pull_twice(settings: Settings, time: StageClock, nightly: int, progress: Progress) -> dict[str, JSON]:
    first, second = _pull(settings, time), _pull(settings, time)
    verified = ledger.verify(settings, payloads=True)
    progress(f"pull: {first.new_entries} new entries, then {second.new_entries}")
    progress(f"ledger: {verified.entries} entries sealed, verified: {'yes' if verified.ok else 'NO'}")
    return {
        "pull": {"facts": sum(course.facts for course in first.courses), "new_entries": nightly + first.new_entries},
        "repull": {"new_entries": second.new_entries},
        "ledger": {"entries": verified.entries, "verified": verified.ok},
    }


def _texts(edits: set[Edit]) -> list[str]:
    return sorted(f"{kind} {key}: {field}" for kind, key, field in edits)


def _stage(settings: Settings, sandbox: Sandbox, session: Any, http: HttpClient) -> Stage:
    people = sandbox.actors()

    def actor(one: Mapping[str, JSON]) -> Actor:
        fullname = f"{one['firstname']} {one['lastname']}"
        return Actor(one["username"], one["idnumber"], int(one["id"]), fullname, _ws(sandbox.url, one["token"], http))

    editor = actor(people["editor"])
    course = f"{settings.site.namespace}:{session.programme}@{session.session}"
    return Stage(
        session,
        find_course(editor, course),
        [actor(one) for one in people["learners"]],
        [actor(one) for one in people["trainers"]],
        editor,
    )


def _ws(url: str, token: str, http: HttpClient) -> Callable[..., Any]:
    transport = Transport(url, token, http)
    return lambda function, **params: json.loads(json.dumps(transport.call(function, params), default=str))
