"""demo: the whole loop over a stand-in for Moodle, in a folder of its own, with nothing to configure.

The steps are those of an administrator and of a night: plan, apply, plan again, people at work, pull, pull again,
verify, report; then one field of each managed kind and one fact of each kind are changed, and plan and pull have to
name them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from moodle_sync.clock import utc_now
from moodle_sync.config import Settings, load_settings
from moodle_sync.errors import UsageError
from moodle_sync.moodle.transport import Transport
from moodle_sync.net import HttpClient, NetSettings
from moodle_sync.plan.changes import Action
from moodle_sync.plan.planfile import Plan
from moodle_sync.sandbox import Sandbox
from moodle_sync.spec.loader import load_specs
from moodle_sync.workflows import apply as applying
from moodle_sync.workflows import ledger, plan, pull, report
from moodle_sync.workflows.demo import scenery
from moodle_sync.workflows.demo.edits import Edit, Names, edit_by_hand
from moodle_sync.workflows.demo.people import NOTIONS, Actor, attempt_quiz, fill_rubric, find_course, read_page
from moodle_sync.workflows.demo.story import SYNERGIES, Stage, story

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
    found: dict[str, JSON] = {"site": sandbox.url}
    [session] = load_specs(settings.paths.specs).sessions.values()
    time.moment = scenery.opening(session)
    found["plan"], made = _plan(settings, folder)
    progress(f"plan: {made.counts.writes} changes")
    applied = applying.apply_plan(settings, (folder / "plan.json").read_text(encoding="utf-8"), lambda line: None)
    found["apply"] = {"done": len(applied.done), "failed": len(applied.failures)}
    progress(f"apply: {len(applied.done)} done")
    found["replan"], _ = _plan(settings, folder)
    with HttpClient(NetSettings()) as http:
        stage = _stage(settings, sandbox, session, http)
        _live(time, stage, progress)
        found |= _pull_twice(settings, progress)
        written = report.session_report(settings, session.session, file=None, as_of=None, simulated=True)
        found["report"] = str(written.path)
        progress(f"report: {written.path}")
        found["altered"] = _alter(settings, folder, sandbox, stage, http)
        found["changed"] = _change(settings, stage, time)
    return found


def _plan(settings: Settings, folder: Path) -> tuple[JSON, Plan]:
    made = plan.make_plan(settings, [], allow_changes=100_000, allow_learners=100_000).plan
    plan.write_plan(made, folder / "plan.json")
    return {"changes": made.counts.writes, "drift": made.counts.drift}, made


class StageClock:
    """The stand-in's clock: a moment of the story, or now when there is none."""

    def __init__(self) -> None:
        self.moment: datetime | None = None

    def __call__(self) -> datetime:
        """What time it is there."""
        return utc_now() if self.moment is None else self.moment.astimezone(UTC)


def _live(time: StageClock, stage: Stage, progress: Progress) -> None:
    moments = story(stage)
    for moment in moments:
        time.moment = moment.at
        moment.act()
    time.moment = None
    first, last = moments[0].at, moments[-1].at
    progress(f"people: {len(moments)} moments from {first:%Y-%m-%d} to {last:%Y-%m-%d}")


def _pull_twice(settings: Settings, progress: Progress) -> dict[str, JSON]:
    first = pull.pull(settings, [], budget=None, progress=lambda line: None)
    second = pull.pull(settings, [], budget=None, progress=lambda line: None)
    verified = ledger.verify(settings, payloads=True)
    progress(f"pull: {first.new_entries} facts, then {second.new_entries}; {verified.entries} entries, verified")
    return {
        "pull": {"facts": sum(course.facts for course in first.courses), "new_entries": first.new_entries},
        "repull": {"new_entries": second.new_entries},
        "ledger": {"entries": verified.entries, "verified": verified.ok},
    }


def _alter(settings: Settings, folder: Path, sandbox: Sandbox, stage: Stage, http: HttpClient) -> JSON:
    """Edit fields by hand, and see which a plan names as drift."""
    namespace = settings.site.namespace
    names = Names(
        namespace,
        stage.course.idnumber,
        f"{namespace}:cooperation-territoriale@2026-02",
        f"{namespace}:formations",
        stage.session.groups[-1].key,
    )
    before = _drift(settings, folder)  # who was suspended or left is drift already
    edits = edit_by_hand(stage.editor.ws, _ws(sandbox.url, sandbox.push_token, http), names, stage.course)
    return {"fields": _texts(edits), "found": _texts(_drift(settings, folder) - before)}


def _drift(settings: Settings, folder: Path) -> set[Edit]:
    return {
        (change.kind.value, change.key, field.name)
        for change in _plan(settings, folder)[1].changes
        if change.action is Action.DRIFT
        for field in change.fields
    }


def _change(settings: Settings, stage: Stage, time: StageClock) -> JSON:
    """Change one fact of each kind, and see which entries a pull adds."""
    pull.pull(settings, [], budget=None, progress=lambda line: None)
    before = _facts(settings, stage)
    ann, bob, _, _, eve = stage.learners[:5]
    ws, course = stage.editor.ws, stage.course
    [group] = ws("core_group_create_groups", groups=[{"courseid": course.id, "name": "Relecture", "description": ""}])
    ws("core_group_add_group_members", members=[{"groupid": group["id"], "userid": bob.userid}])
    read_page(eve, course, "M2.methodes")
    # The quiz is closed by now: the attempt is one that Moodle comes up with late.
    time.moment = stage.day(len(stage.session.days)) + timedelta(days=2)
    attempt_quiz(eve, course, "M2.notions", NOTIONS, share=0.2, finish=True)
    time.moment = None
    scores = dict(zip(SYNERGIES, (4, 2, 2), strict=True))
    fill_rubric(stage.trainers[0], course, "M1.synergies", ann, scores, "")
    expected = {
        ("enrolment", bob.userid),
        ("activity_completion", eve.userid),
        ("course_completion", eve.userid),
        ("quiz_attempt", eve.userid),
        ("rubric_filling", ann.userid),
        ("grade", ann.userid),
        ("grade", eve.userid),
    }
    pull.pull(settings, [], budget=None, progress=lambda line: None)
    added = set(_facts(settings, stage)[len(before) :])
    named = {person.userid: person.fullname for person in stage.learners}
    return {
        "facts": sorted(f"{kind} of {named[userid]}" for kind, userid in expected),
        "found": sorted(f"{kind} of {named.get(userid, userid)}" for kind, userid in added),
    }


def _facts(settings: Settings, stage: Stage) -> list[tuple[str, int]]:
    with ledger.open_ledger(settings, readonly=True) as opened:
        return [
            (entry.fact.kind, entry.fact.userid)
            for entry in opened.facts(stage.course.idnumber)
            if entry.fact is not None
        ]


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
