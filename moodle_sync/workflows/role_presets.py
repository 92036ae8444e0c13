"""The two roles as files that Moodle imports, so that nobody ticks dozens of capabilities by hand.

Made from the package's own list of what each account needs; asks no site. The form is Moodle's own export of a role
(``admin/roles/role_schema.xml``): *Define roles › Add a new role › Use role preset*.
"""

from __future__ import annotations

from pathlib import Path
from typing import get_args
from xml.etree import ElementTree

from moodle_sync.store.files import replace
from moodle_sync.workflows.doctor.needs import Role, needs

_DOES = {
    "push": "Writes courses from reviewed files. Made for the push account of moodle-sync; give it to nobody else.",
    "pull": "Reads what learners did. Made for the pull account of moodle-sync; give it to nobody else.",
}


def write(folder: Path) -> tuple[Path, ...]:
    """Write ``moodlesync_<role>.xml`` for each of the two roles into an existing folder; the same bytes every time."""
    written = []
    for role in get_args(Role):
        path = folder / f"moodlesync_{role}.xml"
        replace(path, preset(role))
        written.append(path)
    return tuple(written)


def preset(role: Role) -> bytes:
    """One role in Moodle's preset form: assigned in the system context, with the capabilities of its account.

    Moodle leaves out a capability that it does not know yet, without a word: the companion has to be installed first.
    """
    needed = needs(role)
    top = ElementTree.Element("role")
    # The order of these is that of Moodle's schema, which refuses any other.
    for name, text in (
        ("shortname", f"moodlesync_{role}"),
        ("name", f"moodle-sync {role}"),
        ("description", _DOES[role]),
        ("archetype", ""),
    ):
        ElementTree.SubElement(top, name).text = text
    ElementTree.SubElement(ElementTree.SubElement(top, "contextlevels"), "level").text = "system"
    for kind in ("assign", "override", "switch", "view"):
        allowed = ElementTree.SubElement(top, f"allow{kind}")
        for shortname in needed.roles_to_assign if kind == "assign" else ():
            ElementTree.SubElement(allowed, "shortname").text = shortname
    permissions = ElementTree.SubElement(top, "permissions")
    for name in sorted(capability.name for capability in needed.capabilities):
        ElementTree.SubElement(permissions, "allow").text = name
    ElementTree.indent(top)
    document: bytes = ElementTree.tostring(top, encoding="UTF-8", xml_declaration=True)
    return document + b"\n"
