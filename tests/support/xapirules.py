"""The rules of xAPI 1.0.3 for statements (Part Two, Experience API Data), as far as a provider has to keep them.

Written from the specification's own sentences, apart from the code that makes statements; each problem names its
section. What only a store can check (voiding what is there, authority) is not here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

STATEMENT = {"id", "actor", "verb", "object", "result", "context", "timestamp", "attachments"}
"""2.4: without what the store sets (stored, authority) and what is not recommended (version)."""
CONTEXT = {
    "registration", "instructor", "team", "contextActivities", "revision", "platform", "language", "statement",
    "extensions",
}  # fmt: skip
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
DURATION = re.compile(
    r"P(?=.)(\d+(\.\d+)?Y)?(\d+(\.\d+)?M)?(\d+(\.\d+)?D)?(T(?=.)(\d+(\.\d+)?H)?(\d+(\.\d+)?M)?(\d+(\.\d+)?S)?)?"
)
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
VOIDED = "http://adlnet.gov/expapi/verbs/voided"


def problems(statement: Any) -> list[str]:
    """Every rule that a statement breaks."""
    return list(_statement(statement))


def _statement(one: Any) -> Iterator[str]:
    yield from _keys("2.4 statement", one, STATEMENT, {"actor", "verb", "object", "id"})
    yield from _nulls(one)
    if not UUID.fullmatch(str(one.get("id"))):
        yield "2.4.1 id is no UUID in standard form"
    yield from _agent("2.4.2 actor", one["actor"])
    yield from _verb(one["verb"])
    yield from _object(one["object"])
    reference = one["object"].get("objectType") == "StatementRef"
    if (one["verb"]["id"] == VOIDED) and not reference:
        yield "2.3.2 a statement that voids has a StatementRef as its object"
    if "result" in one:
        yield from _result(one["result"])
    if "context" in one:
        yield from _context(one["context"], reference)
    if "timestamp" in one:
        yield from _time(one["timestamp"])


def _keys(where: str, value: Any, allowed: set[str], required: set[str] | None = None) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{where} is no object"
        return
    if not value:
        yield f"2.2 {where} is an empty object"
    if set(value) - allowed:
        yield f"2.2 {where} has keys that are not allowed: {sorted(set(value) - allowed)}"
    if required and required - set(value):
        yield f"{where} lacks {sorted(required - set(value))}"


def _nulls(value: Any, inside: str = "") -> Iterator[str]:
    if value is None:
        yield f"2.2 null value at {inside}"
    elif isinstance(value, dict):
        for key, item in value.items():
            if key != "extensions":
                yield from _nulls(item, f"{inside}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from _nulls(item, inside)


def _agent(where: str, agent: Any) -> Iterator[str]:
    yield from _keys(where, agent, {"objectType", "name", "mbox", "mbox_sha1sum", "openid", "account"})
    if agent.get("objectType", "Agent") != "Agent":
        yield f"{where}: objectType"
    if len({"mbox", "mbox_sha1sum", "openid", "account"} & set(agent)) != 1:
        yield f"{where}: exactly one inverse functional identifier"
    if "account" in agent:
        account = agent["account"]
        yield from _keys(f"{where} account", account, {"homePage", "name"}, {"homePage", "name"})
        yield from _iri(f"{where} homePage", account.get("homePage"))
        if not isinstance(account.get("name"), str) or not account["name"]:
            yield f"{where}: account name"


def _verb(verb: Any) -> Iterator[str]:
    yield from _keys("2.4.3 verb", verb, {"id", "display"}, {"id"})
    yield from _iri("2.4.3 verb", verb.get("id"))
    yield from _languages("2.4.3 display", verb.get("display", {"en": "x"}))


def _object(target: Any) -> Iterator[str]:
    if target.get("objectType") == "StatementRef":
        yield from _keys("2.4.4.3 reference", target, {"objectType", "id"}, {"objectType", "id"})
        if not UUID.fullmatch(str(target.get("id"))):
            yield "2.4.4.3 a reference names a UUID"
    else:
        yield from _activity("2.4.4.1 object", target)


def _activity(where: str, target: Any) -> Iterator[str]:
    yield from _keys(where, target, {"objectType", "id", "definition"}, {"id"})
    if target.get("objectType", "Activity") != "Activity":
        yield f"{where}: objectType"
    yield from _iri(where, target.get("id"))
    if "definition" in target:
        definition = target["definition"]
        yield from _keys(f"{where} definition", definition, {"name", "description", "type", "moreInfo", "extensions"})
        if "type" in definition:
            yield from _iri(f"{where} type", definition["type"])
        for name in ("name", "description"):
            if name in definition:
                yield from _languages(f"{where} {name}", definition[name])


def _result(result: Any) -> Iterator[str]:
    allowed = {"score", "success", "completion", "response", "duration", "extensions"}
    yield from _keys("2.4.5 result", result, allowed)
    for name in ("success", "completion"):
        if name in result and not isinstance(result[name], bool):
            yield f"2.4.5 {name} is no boolean"
    if "response" in result and not isinstance(result["response"], str):
        yield "2.4.5 response is no text"
    if "duration" in result and not DURATION.fullmatch(str(result["duration"])):
        yield "4.6 duration"
    if "score" in result:
        yield from _score(result["score"])
    if "extensions" in result:
        yield from _extensions(result["extensions"])


def _score(score: Any) -> Iterator[str]:
    yield from _keys("2.4.5.1 score", score, {"scaled", "raw", "min", "max"})
    for name, value in score.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            yield f"2.2 score.{name} is no number"
            return
    if not -1 <= score.get("scaled", 0) <= 1:
        yield "2.4.5.1 scaled is not between -1 and 1"
    if "min" in score and "max" in score and not score["min"] < score["max"]:
        yield "2.4.5.1 min is not less than max"
    if "raw" in score and not score.get("min", score["raw"]) <= score["raw"] <= score.get("max", score["raw"]):
        yield "2.4.5.1 raw is not between min and max"


def _context(context: Any, reference: bool) -> Iterator[str]:
    yield from _keys("2.4.6 context", context, CONTEXT)
    if "registration" in context and not UUID.fullmatch(str(context["registration"])):
        yield "2.4.6 registration is no UUID"
    for name in ("revision", "platform"):
        if name in context and (reference or not isinstance(context[name], str)):
            yield f"2.4.6 {name} only where the object is an activity"
    if "language" in context and not LANGUAGE.fullmatch(str(context["language"])):
        yield "2.4.6 language"
    if "statement" in context:
        yield from _object(context["statement"])
        if context["statement"].get("objectType") != "StatementRef":
            yield "2.4.6 statement is no reference"
    if "contextActivities" in context:
        groups = context["contextActivities"]
        yield from _keys("2.4.6.2 contextActivities", groups, {"parent", "grouping", "category", "other"})
        for name, found in groups.items():
            if not isinstance(found, list) or not found:
                yield f"2.4.6.2 {name} is no array of activities"
                continue
            for one in found:
                yield from _activity(f"2.4.6.2 {name}", one)
    if "extensions" in context:
        yield from _extensions(context["extensions"])


def _extensions(found: Any) -> Iterator[str]:
    for key in found:
        yield from _iri("4.1 extension", key)


def _iri(where: str, value: Any) -> Iterator[str]:
    if not isinstance(value, str) or not IRI.fullmatch(value):
        yield f"4.3 {where} is no IRI with a scheme"


def _languages(where: str, found: Any) -> Iterator[str]:
    if not isinstance(found, dict) or not found:
        yield f"4.2 {where} is no language map"
        return
    for tag, text in found.items():
        if not LANGUAGE.fullmatch(tag) or not isinstance(text, str):
            yield f"4.2 {where}: {tag}"


def _time(value: Any) -> Iterator[str]:
    if not isinstance(value, str) or not TIME.fullmatch(value):
        yield "4.5 timestamp is not ISO 8601 with a zone"
        return
    datetime.fromisoformat(value)
