"""The two roles as Moodle imports them."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from moodle_sync.workflows import role_presets
from moodle_sync.workflows.doctor.needs import Role, needs

ORDER = [
    *("shortname", "name", "description", "archetype", "contextlevels"),
    *("allowassign", "allowoverride", "allowswitch", "allowview", "permissions"),
]
"""The sequence of Moodle's admin/roles/role_schema.xml, the same in 4.5 and 5.1: another order is refused."""


@pytest.mark.parametrize("role", ["push", "pull"])
def test_preset_allows_exactly_what_the_account_needs(role: Role) -> None:
    top = ElementTree.fromstring(role_presets.preset(role))
    assert [part.tag for part in top] == ORDER
    allowed = [permission.text for permission in top.findall("permissions/allow")]
    assert sorted(allowed) == sorted(capability.name for capability in needs(role).capabilities)
    assert len(top.findall("permissions/*")) == len(allowed) == len(set(allowed))
    assert [level.text for level in top.findall("contextlevels/level")] == ["system"]
    assert tuple(one.text for one in top.findall("allowassign/shortname")) == needs(role).roles_to_assign


def test_write_gives_two_files_with_the_same_bytes_every_time(tmp_path: Path) -> None:
    paths = role_presets.write(tmp_path)
    first = [path.read_bytes() for path in paths]
    assert [path.name for path in paths] == ["moodlesync_push.xml", "moodlesync_pull.xml"]
    assert [path.read_bytes() for path in role_presets.write(tmp_path)] == first
    assert b"<shortname>moodlesync_push</shortname>" in first[0]
