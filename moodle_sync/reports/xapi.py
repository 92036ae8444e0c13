"""xAPI 1.0.3 statements from entries of the ledger, for a learning record store. Pure: it writes and sends nothing.

One statement for each observation that tells of learning, with an identifier made from ledger and entry number:
exported twice it is the same statement, and a store that has it ignores it. A corrected value is a new statement that
refers to the one before; what vanished, or is no longer so, voids every statement that stood for it. What is erased is
not said. Papers and complaints are no learning experiences, and never go to such a store.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from moodle_sync.clock import from_rfc3339
from moodle_sync.ledger.entries import PERSONAL
from moodle_sync.ledger.exporting import Exported

JSON = dict[str, Any]
VERBS = "http://adlnet.gov/expapi/verbs/"
ACTIVITIES = "http://adlnet.gov/expapi/activities/"
DISPLAY = {
    "registered": ("registered", "s'est inscrit"),
    "suspended": ("suspended", "a été suspendu"),
    "completed": ("completed", "a achevé"),
    "passed": ("passed", "a réussi"),
    "failed": ("failed", "n'a pas réussi"),
    "initialized": ("initialized", "a commencé"),
    "attempted": ("attempted", "a tenté"),
    "terminated": ("terminated", "a abandonné"),
    "scored": ("scored", "a obtenu"),
    "attended": ("attended", "a suivi"),
    "voided": ("voided", "a annulé"),
}
"""Every verb that is used, of ADL's registry, with its words in English and French."""

NOT_LEARNING = (
    "feedback_analysis",  # about nobody: a statement needs somebody who acts
    "agreement",
    "convocation",
    "complaint",
    "improvement_action",
    "appreciation",
    "derogation",
)
"""Kinds of facts of which nothing is said."""

_TYPES = {"quiz": "assessment", "assign": "performance", "page": "module", "resource": "file", "url": "link"}
_COMPLETION = {"complete": "completed", "complete_pass": "passed", "complete_fail": "failed"}
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://adlnet.gov/expapi#moodle-sync")


@dataclass(frozen=True)
class Said:
    """The part of a statement that its fact decides."""

    verb: str
    target: JSON
    result: JSON = field(default_factory=dict)


class Statements:
    """Makes statements from entries, given in the order of the ledger. Keeps one row for each object that stands.

    ``origin`` is the ledger's, ``site`` the address of Moodle. ``fields`` say in which of a person's fields the name of
    their account is, the first that is not empty; with ``pseudonyms`` it is the pseudonym of the ledger instead.
    """

    def __init__(self, origin: str, site: str, fields: Sequence[str], *, pseudonyms: bool) -> None:
        self._origin = origin
        self._site = site
        self._fields = fields
        self._pseudonyms = pseudonyms
        self._standing: dict[tuple[int, int], tuple[str, ...]] = {}
        self.count = 0
        self.not_said: Counter[str] = Counter()

    def of(self, row: Exported) -> list[JSON]:
        """The statements of one entry: none, one, or one that voids for each that no longer holds."""
        made = self._of(row)
        self.count += len(made)
        return made

    def _of(self, row: Exported) -> list[JSON]:
        if row.leaf.kind not in PERSONAL:
            return []
        before = self._standing.pop(row.leaf.previous, ()) if row.leaf.previous is not None else ()
        place = (row.shard, row.idx)
        if row.fact is None or row.fact["kind"] in NOT_LEARNING:
            self.not_said["erased" if row.fact is None else str(row.fact["kind"])] += 1
            if before:
                self._standing[place] = before
            return []
        said = _say(row.fact, self._site)
        if said is None:
            if not before:
                self.not_said[str(row.fact["kind"])] += 1
            return [self._void(row, number, one) for number, one in enumerate(before)]
        statement = self._statement(row, row.fact, said, before[-1] if before else None)
        self._standing[place] = (*before, statement["id"])
        return [statement]

    def _statement(self, row: Exported, fact: JSON, said: Said, before: str | None) -> JSON:
        context: JSON = {
            "registration": self._id("registration", row.leaf.subject or ""),
            "platform": "Moodle",
            "extensions": self._extensions(row),
        }
        if row.leaf.programme is not None:
            context["revision"] = row.leaf.programme
        course = _course(self._site, fact["course"])
        if said.target["id"] != course["id"]:
            context["contextActivities"] = {"parent": [course]}
        if before is not None:
            context["statement"] = {"objectType": "StatementRef", "id": before}
        return {
            "id": self._id("entry", row.number),
            "actor": {"objectType": "Agent", "account": self._account(row, fact)},
            "verb": _verb(said.verb),
            "object": said.target,
            **({"result": said.result} if said.result else {}),
            "context": context,
            "timestamp": fact["occurred_at"] or row.leaf.observed_at,
        }

    def _void(self, row: Exported, number: int, statement: str) -> JSON:
        # Who voids is the program, not the learner: the statement is about another statement.
        return {
            "id": self._id("void", f"{row.number}/{number}"),
            "actor": {"objectType": "Agent", "account": {"homePage": self._own(""), "name": "moodle-sync"}},
            "verb": _verb("voided"),
            "object": {"objectType": "StatementRef", "id": statement},
            "context": {"extensions": self._extensions(row)},
            "timestamp": row.leaf.observed_at,
        }

    def _account(self, row: Exported, fact: JSON) -> JSON:
        if self._pseudonyms:
            return {"homePage": self._own("pseudonyms"), "name": row.leaf.subject}
        person = row.person
        names = [getattr(person, name) for name in self._fields] if person is not None else []
        return {"homePage": self._site, "name": next(filter(None, names), f"userid:{fact['userid']}")}

    def _extensions(self, row: Exported) -> JSON:
        return {
            self._own("xapi/ledger"): self._origin,
            self._own("xapi/entry"): row.number,
            self._own("xapi/observed-at"): row.leaf.observed_at,
        }

    def _own(self, path: str) -> str:
        return f"{self._site}/local/moodlesync/{path}".rstrip("/")

    def _id(self, what: str, name: str) -> str:
        return str(uuid.uuid5(_NAMESPACE, f"{self._origin}\n{what}\n{name}"))


def _say(fact: JSON, site: str) -> Said | None:
    """What a fact says, None when it says that something is not (or no longer) so."""
    makers = {
        "enrolment": _enrolment,
        "activity_completion": _activity_completion,
        "course_completion": _course_completion,
        "quiz_attempt": _quiz_attempt,
        "grade": _grade,
        "rubric_filling": _rubric_filling,
        "attendance": _attendance,
        "interview": _interview,
    }
    maker = makers.get(fact["kind"])
    return None if maker is None else maker(fact, site)


def _enrolment(fact: JSON, site: str) -> Said:
    return Said("registered" if fact["active"] else "suspended", _course(site, fact["course"]))


def _activity_completion(fact: JSON, site: str) -> Said | None:
    verb = _COMPLETION.get(fact["state"])
    if verb is None:
        return None
    result: JSON = {"completion": True}
    if verb != "completed":
        result["success"] = verb == "passed"
    return Said(verb, _activity(site, fact["modname"], fact["cmid"], fact["activity"]), result)


def _course_completion(fact: JSON, site: str) -> Said | None:
    return Said("completed", _course(site, fact["course"]), {"completion": True}) if fact["completed"] else None


def _quiz_attempt(fact: JSON, site: str) -> Said | None:
    target = _activity(site, "quiz", fact["cmid"], fact["activity"])
    if fact["state"] == "notstarted":
        return None
    if fact["state"] == "abandoned":
        return Said("terminated", target, {"completion": False})
    if fact["state"] != "finished":
        return Said("initialized", target)
    result: JSON = {"completion": True}
    if fact["grade"] is not None:
        result["score"] = _score(fact["grade"], "0", fact["grade_max"])
    if fact["started_at"] and fact["finished_at"]:
        seconds = (from_rfc3339(fact["finished_at"]) - from_rfc3339(fact["started_at"])).total_seconds()
        if seconds >= 0:
            result["duration"] = f"PT{int(seconds)}S"
    return Said("attempted", target, result)


def _grade(fact: JSON, site: str) -> Said | None:
    if fact["grade"] is None:
        return None
    if fact["cmid"] is not None:
        target = _activity(site, fact["modname"], fact["cmid"], fact["activity"])
    elif fact["item_type"] == "course":
        target = _course(site, fact["course"])
    else:
        target = _target(f"{site}/local/moodlesync/grade-item/{fact['item_id']}", None, None)
    return Said("scored", target, {"score": _score(fact["grade"], fact["grade_min"], fact["grade_max"])})


def _rubric_filling(fact: JSON, site: str) -> Said:
    result: JSON = {} if fact["grade"] is None else {"score": {"raw": _number(fact["grade"])}}
    lines = [{name: one[name] for name in ("criterion", "level", "score", "remark")} for one in fact["criteria"]]
    result["extensions"] = {f"{site}/local/moodlesync/xapi/rubric": lines}
    return Said("scored", _activity(site, "assign", fact["cmid"], fact["activity"]), result)


def _attendance(fact: JSON, site: str) -> Said | None:
    if not fact["present"]:
        return None
    course = _course(site, fact["course"])["id"]
    seconds = int(Decimal(fact["hours"]) * 3600)
    target = _target(f"{course}#attendance-{fact['day']}-{fact['half']}", "meeting", f"{fact['day']} {fact['half']}")
    return Said("attended", target, {"duration": f"PT{seconds}S"})


def _interview(fact: JSON, site: str) -> Said:
    course = _course(site, fact["course"])["id"]
    return Said("attended", _target(f"{course}#interview-{quote(fact['reference'], safe='')}", "meeting", None))


def _course(site: str, idnumber: str) -> JSON:
    return _target(f"{site}/course/view.php?idnumber={quote(idnumber, safe='')}", "course", idnumber)


def _activity(site: str, modname: str | None, cmid: int, key: str | None) -> JSON:
    address = f"{site}/mod/{quote(modname or 'unknown', safe='')}/view.php?id={cmid}"
    return _target(address, _TYPES.get(modname or ""), key)


def _target(iri: str, kind: str | None, name: str | None) -> JSON:
    definition: JSON = {}
    if name is not None:
        definition["name"] = {"und": name}  # a key of ours, in no language
    if kind is not None:
        definition["type"] = f"{ACTIVITIES}{kind}"
    return {"objectType": "Activity", "id": iri, **({"definition": definition} if definition else {})}


def _verb(name: str) -> JSON:
    english, french = DISPLAY[name]
    return {"id": f"{VERBS}{name}", "display": {"en": english, "fr": french}}


def _score(raw: str, low: str, high: str) -> JSON:
    """A score: bounds and share only where the points lie within them, as the specification wants it."""
    value, least, most = Decimal(raw), Decimal(low), Decimal(high)
    if not least < most or not least <= value <= most:
        return {"raw": _number(raw)}
    scaled = ((value - least) / (most - least)).quantize(Decimal("0.00001"))
    return {"scaled": _number(scaled), "raw": _number(raw), "min": _number(low), "max": _number(high)}


def _number(value: str | Decimal) -> int | float:
    number = Decimal(value)
    return int(number) if number == number.to_integral_value() else float(number)
