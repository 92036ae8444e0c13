"""``core_webservice_get_site_info``: which Moodle this is, who calls, and what the caller's service offers."""

from __future__ import annotations

from typing import Any

from moodle_sync.sandbox.contracts import PLUGIN_VERSIONS, RELEASES
from moodle_sync.sandbox.dispatch import Caller, function
from moodle_sync.sandbox.world import World

COMPANION_VERSION = "2026112900"
FEATURES = {
    "usecomments": 1,
    "usetags": 1,
    "enablenotes": 1,
    "messaging": 1,
    "enableblogs": 1,
    "enablecompletion": 1,
    "enablebadges": 1,
    "messagingallusers": 0,
    "enablecustomreports": 1,
    "enableglobalsearch": 0,
    "mnet_dispatcher_mode": 0,
    "enablecompetencies": 1,
}


@function("core_webservice_get_site_info")
def get_site_info(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """The functions are those of this service alone, each with the version of the component that it belongs to."""
    version = PLUGIN_VERSIONS[world.version]
    off = {f"enable{name}" for name in caller.faults.off}
    served = [
        {"name": name, "version": COMPANION_VERSION if name.startswith("local_moodlesync_") else version}
        for name in caller.service.functions
    ]
    return {
        "sitename": f"Moodle {world.version}",
        "username": caller.user.username,
        "firstname": caller.user.firstname,
        "lastname": caller.user.lastname,
        "fullname": caller.user.fullname,
        "lang": caller.user.lang,
        "userid": caller.user.id,
        "siteurl": world.url,
        "userpictureurl": f"{world.url}/theme/image.php/boost/core/1/u/f1",
        "functions": served,
        "downloadfiles": int(caller.service.downloadfiles),
        "uploadfiles": int(caller.service.uploadfiles),
        "release": RELEASES[world.version],
        "version": version,
        "mobilecssurl": "",
        "advancedfeatures": [{"name": name, "value": 0 if name in off else value} for name, value in FEATURES.items()],
        "usercanmanageownfiles": True,
        "userquota": 104857600,
        "usermaxuploadfilesize": 2097152,
        "userhomepage": 1,
        "userprivateaccesskey": "0" * 32,
        "siteid": 1,
        "sitecalendartype": "gregorian",
        "usercalendartype": "gregorian",
        "userissiteadmin": False,
        "theme": "boost",
        "limitconcurrentlogins": 0,
        "policyagreed": 0,
    }
