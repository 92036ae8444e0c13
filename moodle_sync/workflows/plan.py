"""plan: specs → desired, Moodle → observed, and the difference between the two, judged. Nothing is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from moodle_sync.clock import to_rfc3339, utc_now
from moodle_sync.config import Settings
from moodle_sync.errors import PlanRefused
from moodle_sync.plan import ownership, safety
from moodle_sync.plan.diff import diff
from moodle_sync.plan.planfile import Plan
from moodle_sync.spec.enrolments import load_enrolments
from moodle_sync.spec.specs import Specs, programme_digest
from moodle_sync.state.desired import SessionSpec, desired
from moodle_sync.state.resources import ORDER, Ref, Resource
from moodle_sync.store import runs
from moodle_sync.store.baseline import Baselines
from moodle_sync.store.engine import Store, open_store
from moodle_sync.store.files import replace as replace_file
from moodle_sync.store.specs import SpecVersions
from moodle_sync.workflows.keys import person_digests
from moodle_sync.workflows.observe import BaselineStore, LocalBaselines, MoodleBaselines, Seen, observe
from moodle_sync.workflows.sessions import require_known
from moodle_sync.workflows.site import PushSite, open_push
from moodle_sync.workflows.validate import validate


@dataclass(frozen=True)
class Made:
    """A plan with everything that applying it needs."""

    plan: Plan
    sessions: tuple[SessionSpec, ...]
    resources: Mapping[Ref, Resource]
    seen: Seen
    site: PushSite
    store: Store
    baselines: BaselineStore


def make_plan(
    settings: Settings,
    sessions: Sequence[str],
    *,
    allow_changes: int | None = None,
    allow_learners: int | None = None,
) -> Made:
    """The plan for these sessions (all of them when none is named), within the limits of safety; noted in the store.

    Raises:
        SpecError, UsageError: what was written is wrong. SiteError: Moodle. PlanRefused: too large, or in conflict.
    """
    with planning(settings, sessions) as made:
        limits = safety.Limits(
            settings.safety.max_changes if allow_changes is None else allow_changes,
            settings.safety.max_learners if allow_learners is None else allow_learners,
        )
        try:
            safety.check(made.plan.counts, limits)
        except PlanRefused:
            _note(made, "refused")
            raise
        _note(made, "done")
        return made


def _note(made: Made, outcome: str) -> None:
    """Note when a plan was made against which site, and what it counted."""
    plan, counts = made.plan, made.plan.counts
    stopped = counts.conflict + counts.blocked + counts.refused
    counted = {"changes": counts.writes, "drift": counts.drift, "stopped": stopped}
    with made.store.write() as transaction:
        run_id = runs.start(transaction, site=plan.site, kind="plan", at=plan.made_at)
        runs.finish(transaction, run_id, at=to_rfc3339(utc_now()), outcome=outcome, counts=counted)


@contextmanager
def planning(settings: Settings, names: Sequence[str]) -> Iterator[Made]:
    """A plan made now, with the site and the store still open for applying it."""
    validated = validate(settings)
    sessions = tuple(_sessions(settings, validated.specs, names))
    with open_store(settings.ledger.store) as store, open_push(settings, store) as site:
        person = person_digests(settings)
        resources: dict[Ref, Resource] = {}
        for session in sessions:
            # Sessions share categories and frameworks: the first to name one is enough.
            for resource in desired(session, person):
                resources.setdefault(resource.ref, resource)
        ordered = sorted(resources.values(), key=lambda resource: (resource.course, ORDER[resource.kind]))
        baselines = _baselines(settings, site, store)
        seen = observe(site, ordered, baselines, settings.site.namespace, settings.site.person_key)
        ownership.refuse_duplicates(seen.observation.strays)
        programmes = _programmes(validated.specs, sessions, SpecVersions(store))
        plan = Plan(
            site=settings.site.name,
            url=settings.site.url,
            namespace=settings.site.namespace,
            release=site.info.release,
            companion=site.status.release if site.status else "",
            made_at=to_rfc3339(utc_now()),
            sessions=tuple(session.session.session for session in sessions),
            programmes=programmes,
            changes=tuple(diff(ordered, seen.observation)),
            copies=tuple(ownership.copies(seen.observation.strays)),
        )
        yield Made(plan, sessions, resources, seen, site, store, baselines)


def _sessions(settings: Settings, specs: Specs, names: Sequence[str]) -> Iterator[SessionSpec]:
    require_known(names, specs.sessions)
    for name in sorted(names or specs.sessions):
        session = specs.sessions[name]
        people = load_enrolments(settings.paths.enrolments / f"{name}.csv", [group.key for group in session.groups])
        yield SessionSpec(settings.site.namespace, specs, session, people)


def _baselines(settings: Settings, site: PushSite, store: Store) -> BaselineStore:
    if site.companion is not None:
        return MoodleBaselines(site.companion, settings.site.namespace)
    return LocalBaselines(Baselines(store), settings.site.name)


def _programmes(specs: Specs, sessions: Sequence[SessionSpec], versions: SpecVersions) -> dict[str, str]:
    """The programme digest of each course, refused where the course was bound to another one.

    Raises:
        PlanRefused: the programme's files changed since the session was first applied.
    """
    digests = {session.course.idnumber: programme_digest(specs, session.session) for session in sessions}
    moved = [course for course, digest in digests.items() if versions.bound(course) not in (None, digest)]
    if moved:
        raise PlanRefused(
            f"The programme of {', '.join(moved)} is not the version that was applied first: "
            "a session keeps the objectives, criteria, thresholds and hours that it began with.",
            hint="Put the files back, and write the change as a new version of the programme for new sessions.",
        )
    return digests


def write_plan(plan: Plan, path: Path) -> None:
    """Write a plan file, whole or not at all."""
    text = json.dumps(plan.document(), ensure_ascii=False, indent=1)
    replace_file(path, text.encode() + b"\n", 0o600)
