"""The frame around every write of the companion: payloads, keys, namespaces, partial failure, baselines."""

from __future__ import annotations

import json
import re
from importlib import resources
from typing import Any

import pytest

PLUGIN = resources.files("moodle_sync") / "companion" / "local_moodlesync"

DIGEST = "0123456789abcdef" * 4
SECTIONS = "upsert_sections"


@pytest.mark.parametrize(
    ("items", "path"),
    [
        ("{", "items"),
        ("{}", "items"),
        ("[1]", "items[0]"),
        ('[{"fields": {}}]', "items[0].key"),
        ('[{"key": "a b", "fields": {}}]', "items[0].key"),
        ('[{"key": "?1", "fields": {}}]', "items[0].key"),
        ('[{"key": "a"}]', "items[0].fields"),
        ('[{"key": "a", "fields": []}]', "items[0].fields"),
        ('[{"key": "a", "fields": {}, "more": 1}]', "items[0].more"),
        ('[{"key": "a", "fields": {"colour": 1}}]', "items[0].fields.colour"),
        ('[{"key": "a", "fields": {"name": 1}}]', "items[0].fields.name"),
        ('[{"key": "a", "fields": {"name": " "}}]', "items[0].fields.name"),
        ('[{"key": "a", "fields": {"name": "<b>"}}]', "items[0].fields.name"),
        ('[{"key": "a", "fields": {"position": 0}}]', "items[0].fields.position"),
        ('[{"key": "a", "fields": {"position": true}}]', "items[0].fields.position"),
        ('[{"key": "a", "fields": {"visible": 1}}]', "items[0].fields.visible"),
        ('[{"key": "a", "fields": {}, "desired": {"name": "x"}}]', "items[0].desired.name"),
        ('[{"key": "a", "fields": {}}, {"key": "a", "fields": {}}]', "items[1].key"),
    ],
)
def test_payload_not_as_agreed_refuses_the_whole_call_by_path(site: Any, items: str, path: str) -> None:
    name = "local_moodlesync_upsert_sections"
    error = site.refused("push", name, courseid=site.course, namespace="tt", items=items)
    assert (error.errorcode, error.where) == ("badpayload", path)
    assert f" at {path}: " in error.message
    assert len(site.world.sections) == 1


@pytest.mark.parametrize(("namespace", "errorcode"), [("T!", "badnamespace"), ("other", "wrongcourse"), ("tt", "")])
def test_course_of_another_namespace_is_refused(site: Any, namespace: str, errorcode: str) -> None:
    told = {"courseid": site.course, "namespace": namespace}
    name = "local_moodlesync_get_course_state"
    if errorcode:
        assert site.refused("push", name, **told).errorcode == errorcode
    else:
        assert site("push", name, **told)["schema"] == 1


def test_writing_asks_for_its_capabilities(site: Any) -> None:
    told = {"courseid": site.course, "namespace": "tt", "items": "[]"}
    name = "local_moodlesync_upsert_sections"
    assert site.refused("pull", name, **told).errorcode == "accessexception"
    site.faults.lack("local/moodlesync:write", "push")
    assert site.refused("push", name, **told).errorcode == "nopermissions"


def test_item_that_fails_takes_no_other_with_it(site: Any) -> None:
    first, second, third = site.write(
        SECTIONS,
        {"key": "a", "fields": {"name": "A"}},
        {"key": "b", "fields": {"summary": "x"}},
        {"key": "c", "fields": {"name": "C"}},
    )
    assert [first["action"], second["action"], third["action"]] == ["created", "failed", "created"]
    assert second["error"]["path"] == "items[1].fields.name"
    assert [one["key"] for one in site.state()["sections"]] == ["a", "c"]


def test_item_that_fails_late_is_undone_whole(site: Any) -> None:
    site.activity("p")
    site.faults.lack("moodle/course:activityvisibility", "push")
    item = {"key": "p", "modname": "page", "fields": {"name": "Autre", "content": "x", "visible": False}}
    [done] = site.write("upsert_activities", item)
    assert done["error"]["errorcode"] == "nopermissions"
    [activity] = site.state()["activities"]
    assert (activity["state"]["name"], activity["state"]["content"]) == ("p", "")


def test_written_again_is_unchanged_and_touches_nothing(site: Any) -> None:
    fields = {"name": "P", "content": "<p>c</p>", "completion": {"tracking": "automatic", "view": True}}
    site.activity("p", **fields)
    row = site.world.modules.one(idnumber="tt:cours@s1:p")
    before = site.world.instance(row).timemodified, site.world.instance(row).revision
    site.sandbox.advance(60)
    assert site.one("upsert_activities", key="p", modname="page", fields=fields)["action"] == "unchanged"
    assert (site.world.instance(row).timemodified, site.world.instance(row).revision) == before


def test_field_that_is_absent_is_left_as_it_is(site: Any) -> None:
    site.activity("p", content="<p>c</p>")
    done = site.one("upsert_activities", key="p", modname="page", fields={"intro": "<p>i</p>"})
    assert (done["action"], done["state"]["content"], done["state"]["intro"]) == ("updated", "<p>c</p>", "<p>i</p>")


def test_baseline_keeps_what_was_read_back_beside_the_digest(site: Any) -> None:
    site.one(SECTIONS, key="a", fields={"name": "A", "position": 9}, desired={"position": DIGEST})
    site.one(SECTIONS, key="a", fields={"summary": "<p>s</p>"}, desired={"summary": DIGEST})
    assert site.state()["baseline"] == {
        "section": {
            "a": {
                "position": {"desired": DIGEST, "observed": 1},
                "summary": {"desired": DIGEST, "observed": "<p>s</p>"},
            }
        }
    }
    assert site.failed(SECTIONS, key="a", fields={}, desired={"colour": DIGEST}) == (
        "badpayload",
        "items[0].desired.colour",
    )


def test_site_baseline_is_merged_by_field_and_dropped(site: Any) -> None:
    def write(**item: Any) -> dict[str, Any]:
        told = {"namespace": "tt", "items": json.dumps([item])}
        [done] = json.loads(site("push", "local_moodlesync_set_baseline", **told)["json"])["items"]
        return dict(done)

    def read(namespace: str = "tt") -> Any:
        told = {"namespace": namespace, "kind": "course", "keys": '["c", "d"]'}
        return json.loads(site("pull", "local_moodlesync_get_baseline", **told)["json"])

    entry = {"desired": DIGEST, "observed": [1, None]}
    assert write(kind="course", key="c", fields={"name": entry})["action"] == "updated"
    assert write(kind="course", key="c", fields={"name": entry})["action"] == "unchanged"
    write(kind="course", key="c", fields={"summary": entry})
    assert read() == {"c": {"name": entry, "summary": entry}}
    assert read("other") == {}
    assert write(kind="course", key="c", fields=None)["action"] == "updated"
    assert read() == {}
    wrong = {"namespace": "tt", "kind": "section", "keys": "[]"}
    assert site.refused("pull", "local_moodlesync_get_baseline", **wrong).errorcode == "badpayload"


def test_status_tells_capabilities_and_the_site(site: Any) -> None:
    site.faults.lack("moodle/grade:viewall")
    told = json.loads(site("pull", "local_moodlesync_get_status")["json"])
    assert told["capabilities"]["moodle/grade:viewall"] is False
    assert told["capabilities"]["moodle/grade:viewhidden"] is True
    assert told["moodle_release"].startswith(site.world.version)
    assert len(told["site_id"]) == 64


def test_status_tells_roles_languages_and_cron(site: Any) -> None:
    def told(who: str) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(site(who, "local_moodlesync_get_status")["json"])
        return answer

    assert told("push")["assigns"] == ["editingteacher", "student", "teacher"]
    site.faults.lack("moodle/role:assign", "push")
    assert told("push")["assigns"] == ["editingteacher", "student", "teacher"], "the matrix, whatever may be done by it"
    assert told("pull")["assigns"] == []
    assert told("pull")["languages"] == ["en", "fr"]
    assert told("pull")["servertime"] - told("pull")["lastcron"] == 30
    site.faults.off.add("french")
    site.faults.cron_age = None
    assert (told("pull")["languages"], told("pull")["lastcron"]) == (["en"], None)


def test_status_tells_release_and_capabilities_as_the_plugin_does(site: Any) -> None:
    told = json.loads(site("push", "local_moodlesync_get_status")["json"])
    version = (PLUGIN / "version.php").read_text(encoding="utf-8")
    assert f"$plugin->version = {told['version']};" in version
    assert f"$plugin->release = '{told['release']}';" in version
    listed = (PLUGIN / "classes" / "local" / "status.php").read_text(encoding="utf-8").split("CAPABILITIES = [")[1]
    assert set(told["capabilities"]) == set(re.findall(r"'([a-z/_]+:[a-z]+)'", listed.split("];")[0]))


def test_same_key_twice_is_a_conflict_and_another_courses_key_a_copy(site: Any) -> None:
    number = site.activity("p")["id"]
    other = site.activity("q")["id"]
    site.world.modules[other].idnumber = "tt:cours@s1:p"
    third = site.activity("r")["id"]
    site.world.modules[third].idnumber = "tt:autre@s1:r"
    state = site.state()
    assert state["activities"] == []
    assert state["conflicts"] == [{"idnumber": "tt:cours@s1:p", "ids": [number, other]}]
    assert state["copies"] == [{"idnumber": "tt:autre@s1:r", "id": third}]
    told = {"key": "p", "modname": "page", "fields": {}}
    assert site.failed("upsert_activities", **told) == ("duplicatekey", "items[0].key")


def test_key_too_long_for_its_column_fails(site: Any) -> None:
    site.activity("p")
    told = {"key": "k" * 95, "modname": "page", "section": "S", "fields": {"name": "x"}}
    assert site.failed("upsert_activities", **told) == ("keytoolong", "items[0].key")


def test_deleted_objects_lose_key_and_baseline(site: Any) -> None:
    desired = {"name": DIGEST}
    site.one(SECTIONS, key="S", fields={"name": "S"}, desired=desired)
    told = {"key": "p", "modname": "page", "section": "S", "fields": {"name": "p"}, "desired": desired}
    cmid = site.one("upsert_activities", **told)["id"]
    site("editor", "core_course_delete_modules", cmids=[cmid])
    state = site.state()
    assert (state["activities"], set(state["baseline"])) == ([], {"section"})
