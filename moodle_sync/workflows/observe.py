"""Reads everything in Moodle that the desired resources name, once, as one observation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from moodle_sync.apply.companion import FUNCTIONS
from moodle_sync.apply.lookup import Lookup
from moodle_sync.apply.run import BaselineSink
from moodle_sync.moodle.companion import CompanionClient
from moodle_sync.moodle.push import PushClient
from moodle_sync.state import observed, observed_core
from moodle_sync.state.resources import NEEDS_COMPANION, Kind, Live, Observation, Ref, Resource, Stray
from moodle_sync.store.baseline import Baselines
from moodle_sync.workflows.site import PushSite

JSON = Any


class BaselineStore(BaselineSink, Protocol):
    """Baselines of what the core route writes, wherever they are kept: what apply puts, and what a plan reads."""

    def get(self, kind: Kind, keys: Sequence[str]) -> Mapping[str, Mapping[str, JSON]]:
        """The stored rows of one kind, by key."""


class MoodleBaselines:
    """Baselines kept by the companion, in Moodle: a laptop and cron agree on them."""

    def __init__(self, companion: CompanionClient, namespace: str) -> None:
        self._companion = companion
        self._namespace = namespace

    def get(self, kind: Kind, keys: Sequence[str]) -> Mapping[str, Mapping[str, JSON]]:
        """The stored rows of one kind, by key."""
        return self._companion.get_baseline(self._namespace, kind, keys) if keys else {}

    def put(self, kind: Kind, key: str, fields: Mapping[str, JSON]) -> None:
        """Keep fields of one object; its other fields stay as they are."""
        self._companion.set_baseline(self._namespace, [{"kind": kind, "key": key, "fields": dict(fields)}])


class LocalBaselines:
    """Baselines kept in the store, for a site without the companion."""

    def __init__(self, baselines: Baselines, site: str) -> None:
        self._baselines = baselines
        self._site = site

    def get(self, kind: Kind, keys: Sequence[str]) -> Mapping[str, Mapping[str, JSON]]:
        """The stored rows of one kind, by key."""
        return self._baselines.get(self._site, kind, keys)

    def put(self, kind: Kind, key: str, fields: Mapping[str, JSON]) -> None:
        """Keep fields of one object; its other fields stay as they are."""
        self._baselines.put(self._site, kind, key, dict(fields))


@dataclass(frozen=True)
class Seen:
    """An observation, and Moodle's user ids by what the people of the enrolment files are called in plans."""

    observation: Observation
    people: Mapping[str, int]


def observe(
    site: PushSite, resources: Sequence[Resource], baselines: BaselineStore, namespace: str, person_key: str
) -> Seen:
    """Look up every resource by its key. ``person_key`` is the account field that holds a person's external key.

    Raises:
        PlanConflict: a key that two objects hold. SiteError: Moodle cannot be read.
    """
    lookup = Lookup(site.push)
    live: dict[Ref, Live] = {item.ref: item for item in _core(lookup, resources)}
    live = _with_baselines(live, baselines)
    strays: list[Stray] = []
    accounts = lookup.people(person_key, [r.extra["person"] for r in resources if r.kind is Kind.ENROLMENT])
    people = {
        resource.local: accounts[resource.extra["person"]]
        for resource in resources
        if resource.kind is Kind.ENROLMENT and resource.extra["person"] in accounts
    }
    called = {userid: key for key, userid in people.items()}
    for course in [item for item in live.values() if item.kind is Kind.COURSE]:
        if site.companion is not None:
            state = site.companion.course_state(course.id, namespace)
            found = observed.from_course_state(course.key, state, lambda userid: called.get(userid, f"?{userid}"))
            live |= {item.ref: item for item in found}
            strays += observed.strays(course.key, state)
        live |= {item.ref: item for item in _enrolled_by_hand(site.push, course, resources, people, live)}
    absent = {
        resource.local.removeprefix("person-")
        for resource in resources
        if resource.kind is Kind.ENROLMENT and resource.local not in people
    }
    seen = Observation(live, tuple(strays), _closed(site), frozenset(absent))
    return Seen(seen, people)


def _closed(site: PushSite) -> dict[Kind, str]:
    if site.companion is None:
        return dict.fromkeys(NEEDS_COMPANION, "needs the companion plugin: moodle-sync plugin build")
    older = "needs a newer release of the companion plugin: moodle-sync plugin build"
    return {kind: older for kind, function in FUNCTIONS.items() if function not in site.info.functions}


def _core(lookup: Lookup, resources: Iterable[Resource]) -> list[Live]:
    found: list[Live | None] = []
    for resource in resources:
        if resource.kind is Kind.CATEGORY:
            found.append(lookup.category(resource.key))
        elif resource.kind is Kind.FRAMEWORK:
            framework = lookup.framework(resource.key)
            found += [framework, *(lookup.competencies(framework.id) if framework else ())]
        elif resource.kind is Kind.COURSE:
            course = lookup.course(resource.key)
            found += [course, *(lookup.course_competencies(resource.key, course.id) if course else ())]
    return [item for item in found if item is not None]


def _with_baselines(live: Mapping[Ref, Live], baselines: BaselineStore) -> dict[Ref, Live]:
    joined = dict(live)
    for kind in set(Kind) - NEEDS_COMPANION:
        of_kind = [item for item in live.values() if item.kind is kind]
        stored = baselines.get(kind, [item.key for item in of_kind])
        joined |= {item.ref: observed_core.with_baseline(item, stored) for item in of_kind}
    return joined


def _enrolled_by_hand(
    push: PushClient,
    course: Live,
    resources: Iterable[Resource],
    people: Mapping[str, int],
    live: Mapping[Ref, Live],
) -> Iterable[Live]:
    """People of our files whom somebody else enrolled already: they are in, and their enrolment is not ours."""
    wanted = [
        resource
        for resource in resources
        if resource.kind is Kind.ENROLMENT and resource.course == course.key and resource.ref not in live
    ]
    if not wanted:
        return []
    enrolled = {user.id for user in push.enrolled_users(course.id)}
    there = [resource for resource in wanted if people.get(resource.local) in enrolled]
    return [
        Live(Kind.ENROLMENT, resource.key, 0, {}, course=course.key, local=resource.local, foreign=True)
        for resource in there
    ]
