"""What the tests of the loop share: the kinds that this site has a route for, and commands that have to succeed."""

from collections import Counter
from typing import Any

from livesupport import conformance
from livesupport.folder import Folder
from livesupport.site import LiveSite
from livesupport.tool import Answer, moodle_sync
from moodle_sync.config import load_settings
from moodle_sync.state.resources import NEEDS_COMPANION, Kind
from moodle_sync.workflows.ledger import open_ledger

LEARNERS = 7
HALF_DAYS = 20
SYNERGIES = ("Synergies argumentées", "Note de synthèse", "Cartographie")
ANIMATION = ("Clarté", "Cadre", "Participation", "Production")
KINDS = {kind.value for kind in Kind}


def open_kinds(live: LiveSite) -> set[str]:
    """The kinds that some route of this site can write."""
    return KINDS if live.companion else KINDS - {kind.value for kind in NEEDS_COMPANION}


def done(answer: Answer) -> Any:
    """What a command answered that has to succeed."""
    assert answer.code == 0, answer.log
    return answer.document


def count(who: str, number: int) -> None:
    """Add web service requests to what the conformance file tells of this run."""
    conformance.requests[who] = conformance.requests.get(who, 0) + number


def pull(folder: Folder) -> Any:
    """Pull the course, all of it."""
    document = done(moodle_sync(folder, "pull"))
    [course] = document["courses"]
    assert course["incomplete"] == []
    return document


def sealed(folder: Folder) -> list[Any]:
    """The facts of the course, read from the ledger as the report reads them."""
    with open_ledger(load_settings(folder.path / "config.toml"), readonly=True) as ledger:
        return [entry.fact for entry in ledger.facts(folder.course) if entry.fact is not None]


def current(folder: Folder) -> dict[str, Any]:
    """The last state of every object that is still there, by its object_id."""
    last = {fact.object_id: fact for fact in sealed(folder)}
    return {name: fact for name, fact in last.items() if fact.kind != "vanished"}


def blocked(answer: Answer) -> Counter[str]:
    """How many changes of each kind a plan names as blocked, each with its reason: the companion is not there."""
    found = [change for change in answer.document["changes"] if change["action"] == "blocked"]
    assert all(change["reason"].startswith("needs the companion plugin") for change in found)
    assert answer.document["counts"]["blocked"] == len(found)
    return Counter(change["kind"] for change in found)
