"""The companion's links between activities and competencies."""

from __future__ import annotations

from typing import Any

from moodle_sync.sandbox.companion_activities import Index
from moodle_sync.sandbox.companion_frame import CREATED, LONGEST_IDNUMBER, UNCHANGED, UPDATED, Item, Outcome, Scope
from moodle_sync.sandbox.companion_payload import Payload, bad, failure, is_key
from moodle_sync.sandbox.push_competencies import link_to_course
from moodle_sync.sandbox.rows_site import CourseModule, ModuleCompetency

OUTCOMES = ("none", "evidence", "recommend", "complete")


class Links:
    """Writes and reads them."""

    name = "activity_competency"

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def parse(self, payload: Payload) -> Item:
        """``{"key": "<activity key>~<competency idnumber>", "fields": {"outcome"}, "desired"}``."""
        payload.only("key", "fields", "desired")
        key = payload.html("key")
        activity, _, competency = key.partition("~")
        if not is_key(activity) or not competency or len(competency) > LONGEST_IDNUMBER:
            raise bad(payload.at("key"), 'must be "<activity key>~<competency idnumber>"')
        fields = payload.inner("fields").read({"outcome": lambda p, f: p.choice(f, OUTCOMES)})
        more = {"activity": activity, "competency": competency}
        return Item(key, fields, payload.digests("desired"), payload.path, more)

    def apply(self, item: Item) -> Outcome:
        """Link, adding the competency to the course if need be."""
        scope, path = self._scope, f"{item.path}.key"
        module = Index(scope).get(item.more["activity"], path)
        competencyid = self._competency(item.more["competency"], path)
        row = scope.world.module_competencies.one(cmid=module.id, competencyid=competencyid)
        created = row is None
        now, caller = scope.world.now(), scope.caller.user.id
        if row is None:
            link_to_course(scope.world, scope.caller, scope.courseid, competencyid)
            row = scope.world.module_competencies.add(
                ModuleCompetency(cmid=module.id, competencyid=competencyid, timecreated=now)
            )
            row.timemodified, row.usermodified = now, caller
        wanted = OUTCOMES.index(item.fields["outcome"]) if "outcome" in item.fields else row.ruleoutcome
        changed = wanted != row.ruleoutcome
        if changed:
            row.ruleoutcome, row.timemodified, row.usermodified = wanted, now, caller
        action = CREATED if created else UPDATED if changed else UNCHANGED
        return Outcome(action, row.id, {"outcome": OUTCOMES[row.ruleoutcome]})

    def states(self, modules: dict[str, CourseModule]) -> list[dict[str, Any]]:
        """The links of these activities."""
        world = self._scope.world
        keys = {module.id: key for key, module in modules.items()}
        return [
            {
                "key": f"{keys[row.cmid]}~{world.competencies[row.competencyid].idnumber}",
                "id": row.id,
                "state": {"outcome": OUTCOMES[row.ruleoutcome]},
            }
            for row in world.module_competencies
            if row.cmid in keys and row.competencyid in world.competencies.rows
        ]

    def _competency(self, idnumber: str, path: str) -> int:
        found = self._scope.world.competencies.where(idnumber=idnumber)
        if not found:
            raise failure(
                "nosuchkey", f'There is no competency "{idnumber}" here. Create it first, or correct the key.', path
            )
        if len(found) > 1:
            raise failure("ambiguouskey", f'More than one competency has the ID number "{idnumber}".', path)
        return found[0].id
