"""What ``core_course_get_contents`` shows of an activity beside its settings: files, links, ``customdata``."""

from __future__ import annotations

import json
import mimetypes
from typing import Any

from moodle_sync.sandbox.rows_site import CourseModule
from moodle_sync.sandbox.world import MODULE_LEVEL, World

OPEN, AUTO_URL = 5, 4
"""Where Moodle shows a file, and a link, by default."""
NOBODY = {"userid": None, "author": None, "license": None}


def customdata(world: World, module: CourseModule) -> str:
    """What each type tells the course page, as JSON; ``""`` for nothing."""
    instance = world.instance(module)
    automatic = module.completion == 2
    data: dict[str, Any] = {}
    rules: dict[str, Any] = {}
    if module.modname == "assign":
        rules = {"completionsubmit": str(int(instance.completionsubmit))}
        names = ("duedate", "cutoffdate", "allowsubmissionsfromdate")
        data = {name: getattr(instance, name) for name in names if getattr(instance, name)}
    elif module.modname in ("quiz", "feedback"):
        data = {name: str(getattr(instance, name)) for name in ("timeopen", "timeclose") if getattr(instance, name)}
        if module.modname == "quiz":
            rules = {
                "completionpassorattemptsexhausted": [],
                "completionminattempts": str(instance.completionminattempts),
            }
        else:
            rules = {"completionsubmit": str(int(instance.completionsubmit))}
            data["anonymous"] = str(instance.anonymous)
    elif module.modname == "forum":
        data = {"trackingtype": "1"}
    elif module.modname == "url":
        data = {"display": AUTO_URL, "filtericon": True}
    elif module.modname == "resource":
        data = {"filtericon": True, "display": OPEN}
    if rules and automatic:
        data = {"customcompletionrules": rules} | data
    return json.dumps(data or "", separators=(",", ":"))


def shown_files(world: World, module: CourseModule, *, empty: bool) -> dict[str, Any]:
    """``contents`` (nothing in it when ``empty``) and what goes with it, for the types that have them."""
    instance = world.instance(module)
    contextid = world.context(MODULE_LEVEL, module.id)
    place = f"{world.url}/webservice/pluginfile.php/{contextid}"
    changed = instance.timemodified
    shown: dict[str, Any] = {}
    if module.modname == "forum":
        return {"activitybadge": []}
    if module.modname == "page":
        address = f"{place}/mod_page/content/index.html?forcedownload=1"
        file = {"type": "file", "filename": "index.html", "filepath": "/", "filesize": 0, "fileurl": address}
        file |= {"timecreated": None, "timemodified": changed, "sortorder": 1, **NOBODY}
    elif module.modname == "url":
        file = {"type": "url", "filename": instance.name, "filepath": None, "filesize": 0}
        file |= {
            "fileurl": instance.externalurl,
            "timecreated": None,
            "timemodified": changed,
            "sortorder": None,
            **NOBODY,
        }
    elif module.modname == "resource" and instance.filename:
        kind = mimetypes.guess_type(instance.filename)[0] or "application/octet-stream"
        address = f"{place}/mod_resource/content/{instance.revision}/{instance.filename}?forcedownload=1"
        file = {"type": "file", "filename": instance.filename, "filepath": "/", "filesize": instance.size}
        file |= {"fileurl": address, "timecreated": changed, "timemodified": changed, "sortorder": 1, **NOBODY}
        file |= {"mimetype": kind, "isexternalfile": False}
        ending = instance.filename.rpartition(".")[2].upper()
        shown["activitybadge"] = {"badgecontent": ending, "badgestyle": "badge-none"}
    else:
        return {}
    types = [file["mimetype"]] if "mimetype" in file else []
    info = {"filescount": 1, "filessize": file["filesize"], "lastmodified": changed, "mimetypes": types}
    return shown | {"contents": [] if empty else [file], "contentsinfo": info | {"repositorytype": ""}}
