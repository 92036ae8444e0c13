"""When an activity or a course counts as completed: the companion's rules, and what it refuses to lose."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from moodle_sync.sandbox.companion_frame import CREATED, UNCHANGED, UPDATED, Item, Outcome, Scope
from moodle_sync.sandbox.companion_payload import Payload, bad, failure
from moodle_sync.sandbox.evidence_completion import recompute_module
from moodle_sync.sandbox.rows_site import CourseModule
from moodle_sync.sandbox.rows_work import CompletionCriterion

if TYPE_CHECKING:
    from moodle_sync.sandbox.companion_activities import Index

TRACKING = ("none", "manual", "automatic")
AGGREGATION = {"all": 1, "any": 2}


def parse_rule(payload: Payload, name: str, own: tuple[str, ...]) -> dict[str, Any]:
    """A completion rule, every condition of the module in it. Raises ``badpayload``."""
    told = payload.inner(name).only("tracking", "view", *own)
    rule: dict[str, Any] = {"tracking": told.choice("tracking", TRACKING)}
    for condition in ("view", *own):
        if condition == "attempts":
            rule[condition] = told.whole(condition, 0, 1000) if told.has(condition) else 0
        else:
            rule[condition] = told.has(condition) and told.flag(condition)
    some = any(rule[condition] for condition in ("view", *own))
    if some != (rule["tracking"] == "automatic"):
        reason = (
            'has conditions, so "tracking" must be "automatic"' if some else "is automatic, so it needs a condition"
        )
        raise bad(told.path, reason)
    if rule.get("pass") and not rule.get("grade"):
        raise bad(f"{told.path}.grade", 'must be true when "pass" is')
    return rule


def rule_of(module: CourseModule, instance: Any, own: tuple[str, ...]) -> dict[str, Any]:
    """The rule of an activity, as it is."""
    rule: dict[str, Any] = {"tracking": TRACKING[module.completion], "view": module.completionview}
    values: dict[str, Callable[[], Any]] = {
        "submit": lambda: instance.completionsubmit,
        "grade": lambda: module.completiongradeitemnumber is not None,
        "pass": lambda: module.completionpassgrade,
        "attempts": lambda: instance.completionminattempts,
    }
    return rule | {condition: values[condition]() for condition in own}


def write_rule(scope: Scope, module: CourseModule, rule: dict[str, Any], path: str) -> None:
    """Write a rule; Moodle then computes everybody's completion again. Raises ``completionlocked``."""
    world = scope.world
    if not scope.course.enablecompletion:
        raise failure("completiondisabled", "Completion tracking is off in this site or course.", path)
    _refuse_loss(scope, module, path)
    instance = world.instance(module)
    module.completion = TRACKING.index(rule["tracking"])
    module.completionview = rule["view"]
    module.completiongradeitemnumber = 0 if rule.get("grade") else None
    module.completionpassgrade = bool(rule.get("pass"))
    if "submit" in rule:
        instance.completionsubmit = rule["submit"]
    if "attempts" in rule:
        instance.completionminattempts = rule["attempts"]
    recompute_module(world, module)


def _refuse_loss(scope: Scope, module: CourseModule, path: str) -> None:
    world = scope.world
    rows = [row for row in world.module_completions.where(coursemoduleid=module.id) if row.completionstate]
    lost = [row for row in rows if module.completion == 1 or row.overrideby]
    builds = world.completion_criteria.one(course=module.course, criteriatype=4, moduleinstance=module.id)
    done = [row for row in world.course_completions.where(course=module.course) if row.timecompleted and builds]
    if lost or done:
        message = f"Completions of {len(lost) + len(done)} learner(s) would be lost."
        raise failure("completionlocked", message, path)


class CourseCompletion:
    """Writes and reads which activities complete the course."""

    name = "completion"

    def __init__(self, scope: Scope) -> None:
        from moodle_sync.sandbox.companion_activities import Index

        self._scope = scope
        self._index: Index = Index(scope)

    def parse(self, payload: Payload) -> Item:
        """``{"key": "completion", "fields": {"activities", "aggregation"}, "desired"}``."""
        payload.only("key", "fields", "desired")
        fields = payload.inner("fields").read(
            {"activities": lambda p, f: p.words(f), "aggregation": lambda p, f: p.choice(f, list(AGGREGATION))}
        )
        return Item(payload.choice("key", ["completion"]), fields, payload.digests("desired"), payload.path)

    def apply(self, item: Item) -> Outcome:
        """Write what differs. Raises ``completionlocked`` once a learner has met a criterion."""
        scope = self._scope
        before = self.state()
        known = before["state"] if before else {}
        changes = {name: value for name, value in item.fields.items() if value != known.get(name)}
        if changes:
            if not scope.course.enablecompletion:
                message = "Completion tracking is off in this site or course."
                raise failure("completiondisabled", message, f"{item.path}.fields")
            if self._learners():
                message = f"Completions of {self._learners()} learner(s) would be lost."
                raise failure("completionlocked", message, f"{item.path}.fields")
            if "activities" in changes:
                self._write_activities(changes["activities"], item)
            word = changes.get("aggregation") or known.get("aggregation") or "all"
            scope.course.activity_aggregation = AGGREGATION[word]
        action = UNCHANGED if not changes else UPDATED if before else CREATED
        after = self.state()
        state = after["state"] if after else {"activities": [], "aggregation": "all"}
        return Outcome(action, scope.courseid, state)

    def state(self) -> dict[str, Any] | None:
        """``{"state": {"activities", "aggregation"}, "locked"}``, None without a criterion of ours."""
        ours, _, _ = self._index.all()
        criteria = self._criteria()
        keys = sorted(key for key, module in ours.items() if module.id in criteria)
        if not keys:
            return None
        word = "any" if self._scope.course.activity_aggregation == AGGREGATION["any"] else "all"
        return {"state": {"activities": keys, "aggregation": word}, "locked": self._learners() > 0}

    def _write_activities(self, wanted: list[str], item: Item) -> None:
        world = self._scope.world
        criteria = self._criteria()
        keep = set()
        for number, key in enumerate(wanted):
            path = item.at(f"activities[{number}]")
            module = self._index.get(key, path)
            if not module.completion:
                hint = "so that it could never complete the course. Give it a completion rule first."
                raise failure("nottracked", f'The activity "{key}" has no completion tracking, {hint}', path)
            keep.add(module.id)
            if module.id not in criteria:
                told = {"module": module.modname, "moduleinstance": module.id}
                world.completion_criteria.add(CompletionCriterion(course=self._scope.courseid, **told))  # type: ignore[arg-type]
        ours, _, _ = self._index.all()
        for module in ours.values():
            if module.id in criteria and module.id not in keep:
                world.completion_criteria.remove(criteria[module.id])

    def _criteria(self) -> dict[int, CompletionCriterion]:
        rows = self._scope.world.completion_criteria.where(course=self._scope.courseid, criteriatype=4)
        return {row.moduleinstance or 0: row for row in rows}

    def _learners(self) -> int:
        world, course = self._scope.world, self._scope.courseid
        met = {row.userid for row in world.criterion_completions.where(course=course)}
        return len(met | {row.userid for row in world.course_completions.where(course=course) if row.timecompleted})
