"""The site under test and the people in it, from the environment."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from livesupport.ws import Ws
from moodle_sync.moodle.functions import COMPANION_STATUS
from moodle_sync.workflows.demo.people import Actor

PREFIX = "MOODLE_SYNC_LIVE_"
NEEDED = ("URL", "PUSH_TOKEN", "PULL_TOKEN", "ACTORS")


@dataclass(frozen=True)
class LiveSite:
    """Where to test, and with whom.

    Attributes:
        companion: whether the push token sees the companion: what is not offered is not asked for.
        core_pull_token: a token of the pull account in a service of core functions alone, or "".
        editor: may change courses by hand, as a manager does.
    """

    url: str
    push_token: str
    pull_token: str
    learners: tuple[Actor, ...]
    trainers: tuple[Actor, ...]
    editor: Actor
    companion: bool
    core_pull_token: str

    @property
    def push(self) -> Ws:
        """The push token, for writes that go past the tool."""
        return Ws(self.url, self.push_token)

    @property
    def actor_calls(self) -> int:
        """How many calls people made in all."""
        return sum(actor.ws.calls for actor in (*self.learners, *self.trainers, self.editor))


def missing() -> str:
    """Why the live suite cannot run, or nothing. Refuses a site that is not declared to be for tests."""
    absent = [PREFIX + name for name in NEEDED if not os.environ.get(PREFIX + name)]
    if absent:
        return f"no live Moodle: {', '.join(absent)} not set"
    if os.environ.get(PREFIX + "IS_TEST_SITE") != "1":
        return f"{PREFIX}IS_TEST_SITE=1 is not set: this suite writes to the site and takes things away"
    return ""


def from_environment() -> LiveSite:
    """The site that the environment names."""
    values = {name: os.environ[PREFIX + name] for name in NEEDED}
    url = values["URL"].rstrip("/")
    people = json.loads(Path(values["ACTORS"]).read_text(encoding="utf-8"))
    functions = Ws(url, values["PUSH_TOKEN"])("core_webservice_get_site_info")["functions"]
    return LiveSite(
        url,
        values["PUSH_TOKEN"],
        values["PULL_TOKEN"],
        tuple(_actor(url, one) for one in people["learners"]),
        tuple(_actor(url, one) for one in people["trainers"]),
        _actor(url, people["editor"]),
        COMPANION_STATUS in {function["name"] for function in functions},
        os.environ.get(PREFIX + "CORE_PULL_TOKEN", ""),
    )


def _actor(url: str, one: dict[str, Any]) -> Actor:
    ws = Ws(url, one["token"])
    userid = one.get("id") or ws("core_webservice_get_site_info")["userid"]
    fullname = f"{one['firstname']} {one['lastname']}"
    return Actor(one["username"], one["idnumber"], int(userid), fullname, ws)
