"""The sandbox against what real sites answered: every recording of both versions, replayed over HTTP.

The state is read out of the recordings (``recordedscene``), the arguments are the recorded ones. Keys, types, error and
warning codes must be the same; every difference is printed. Where the two disagree the real site is right.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from recordedscene import VERSIONS, recorded_site, recordings

from moodle_sync.sandbox import Sandbox

# What was recorded as the account that pushes, in the order in which it was done; the other account reads the rest.
PUSHED = (
    "push_create_category",
    "push_create_category_taken",
    "push_create_course",
    "push_create_course_shortname_taken",
    "push_course_read_back",
    "push_update_course",
    "push_update_course_warning",
    "push_create_framework",
    "push_create_framework_taken",
    "push_create_competency",
    "competency_description_not_purified",
    "push_list_competencies",
    "push_link_competency",
    "push_link_competency_again",
    "push_list_course_competencies",
    "course_module",
    "rubric_read",
    "rubric_read_after_ids",
    "rubric_read_after_no_ids",
    "user_by_idnumber",
)
# Lists that were cut down when they were recorded, or that hang on the site's settings: their items are compared.
ITEMS_ONLY = (".functions", ".usergrades", "")
# What is not the function's but the site's own custom field, and the texts that were cut out of a recording.
NOT_COMPARED = {
    ("push_course_read_back", ".courses[].customfields"),
    ("submissions", ".assignments[].submissions[].plugins"),
}


@pytest.fixture(scope="module", params=VERSIONS)
def replayed(request: pytest.FixtureRequest) -> Iterator[dict[str, tuple[dict[str, Any], Any]]]:
    """Each recording with what the sandbox answered to the same call."""
    with recorded_site(request.param) as sandbox:
        told = recordings(request.param)
        order = [*PUSHED, *sorted(set(told) - set(PUSHED))]
        yield {stem: (told[stem], replay(sandbox, stem, told[stem])) for stem in order}


def replay(sandbox: Sandbox, stem: str, told: dict[str, Any]) -> Any:
    token = sandbox.push_token if stem in PUSHED else sandbox.pull_token
    if stem == "error_invalid_token":
        token = "0" * 32
    form = {"wstoken": token, "wsfunction": told["wsfunction"], "moodlewsrestformat": "json"}
    answer = requests.post(f"{sandbox.url}/webservice/rest/server.php", data=form | flat(told["params"]), timeout=30)
    assert answer.status_code == told["status"]
    assert answer.headers["Content-Type"].split(";")[0] == told["content_type"]
    return answer.json()


def flat(value: Any, prefix: str = "") -> dict[str, str]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if pairs is None:
        return {prefix: str(int(value)) if isinstance(value, bool) else str(value)}
    found: dict[str, str] = {}
    for key, item in pairs:
        found |= flat(item, f"{prefix}[{key}]" if prefix else str(key))
    return found


def kind(value: Any) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return "number" if number else type(value).__name__


def paired(real: list[Any], ours: list[Any]) -> list[tuple[Any, Any]]:
    """Items by their id where they have one (a recording that was cut down holds some of them), else by place."""
    for name in ("userid", "id"):
        if all(isinstance(one, dict) and name in one for one in [*real, *ours]):
            known = {one[name]: one for one in ours}
            return [(one, known[one[name]]) for one in real if one[name] in known]
    return list(zip(real, ours, strict=False))


def differences(real: Any, ours: Any, path: str = "") -> Iterator[str]:
    """Where keys, types or codes differ. What is JSON in a string is compared as JSON."""
    if kind(real) != kind(ours):
        yield f"{path}: real {kind(real)} {real!r:.60}, sandbox {kind(ours)} {ours!r:.60}"
    elif isinstance(real, dict):
        for key in sorted(set(real) ^ set(ours)):
            yield f"{path}.{key}: {'only real' if key in real else 'only the sandbox'}"
        for key in sorted(set(real) & set(ours)):
            yield from differences(real[key], ours[key], f"{path}.{key}")
    elif isinstance(real, list):
        if len(real) != len(ours) and path not in ITEMS_ONLY:
            yield f"{path}: real {len(real)} items, sandbox {len(ours)}"
        if bool(real) != bool(ours):
            yield f"{path}: real {len(real)} items, sandbox {len(ours)}"
        for one, other in paired(real, ours):
            yield from differences(one, other, f"{path}[]")
    elif path.rpartition(".")[2] in ("errorcode", "warningcode", "exception") and not str(real).startswith("{"):
        if real != ours:
            yield f"{path}: real {real!r}, sandbox {ours!r}"
    elif isinstance(real, str) and path.endswith((".data", ".exception")):
        yield from differences(json.loads(real), json.loads(ours), f"{path}:")


def test_every_recording_has_the_keys_types_and_codes_of_the_sandbox(
    replayed: dict[str, tuple[dict[str, Any], Any]],
) -> None:
    found = []
    for stem, (told, ours) in replayed.items():
        for one in differences(told["body"], ours):
            if (stem, one.partition(":")[0]) not in NOT_COMPARED:
                found.append(f"{told['moodle']}/{stem}{one}")
    print("\n".join(found) or f"{len(replayed)} recordings replayed, no difference")
    assert found == []


def test_replay_covers_every_recording(replayed: dict[str, tuple[dict[str, Any], Any]]) -> None:
    versions = {told["moodle"] for told, _ in replayed.values()}
    assert len(versions) == 1
    assert set(replayed) == set(recordings(versions.pop()))


def test_difference_of_a_key_a_type_or_a_code_is_seen() -> None:
    real = {"a": 1, "b": [{"c": None}], "errorcode": "x", "data": '{"d": 1}'}
    assert list(differences(real, real)) == []
    assert list(differences(real, real | {"a": "1"})) == [".a: real number 1, sandbox str '1'"]
    assert list(differences(real, real | {"errorcode": "y"})) == [".errorcode: real 'x', sandbox 'y'"]
    assert list(differences(real, real | {"b": [{}]})) == [".b[].c: only real"]
    assert list(differences(real, real | {"b": []})) == [".b: real 1 items, sandbox 0"] * 2
    assert list(differences(real, real | {"data": '{"d": "1"}'})) == [".data:.d: real number 1, sandbox str '1'"]
