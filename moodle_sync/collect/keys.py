"""Which activity is which: from a cmid to the local key that its idnumber holds.

Moodle tells an idnumber only to accounts that may edit activities (moodle/course:manageactivities), which one that
reads should not be. So it is learnt, in this order, from the companion; from the module itself, where the account may
edit after all; from the gradebook, which tells the idnumber of everything that is graded; and from whoever calls, who
may know what was told before. The last is what makes a pull over the core route say of a page what one with the
companion said of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from moodle_sync import ids
from moodle_sync.errors import AccessDenied, MoodleRefused, NotFound
from moodle_sync.moodle.companion import CompanionClient
from moodle_sync.moodle.functions import COMPANION_COURSE_STATE
from moodle_sync.moodle.pull import PullClient
from moodle_sync.moodle.wire.base import Answer
from moodle_sync.moodle.wire.site import CourseRow, ModuleRow

Keys = dict[int, str | None]
Known = Callable[[], Mapping[int, str]]
"""Local keys of activities by cmid, as they were told before; asked only when Moodle does not tell them now."""


def read_keys(
    client: PullClient,
    course: CourseRow,
    modules: Sequence[ModuleRow],
    learners: Sequence[int],
    known: Known,
) -> tuple[Keys, list[str]]:
    """The local key of each activity (None: not ours, or not told), and what somebody should look at.

    Args:
        client: the site.
        course: the course; its idnumber is filled in.
        modules: its activities.
        learners: userids of its learners: the gradebook is asked about the first.
        known: the keys that the caller knows from before.

    Raises:
        SiteError: the site cannot be read.
    """
    keys = _from_companion(client, course, modules)
    if keys is None:
        told = _from_modules(client, modules)
        before: Mapping[int, str] = {}
        if len(told) < len(modules):
            told = {**_from_gradebook(client, course, learners), **told}
            before = known()
        keys = {
            module.id: ids.split_child(course.idnumber, told[module.id]) if module.id in told else before.get(module.id)
            for module in modules
        }
        untold = sum(module.id not in told and module.id not in before for module in modules)
    else:
        untold = 0
    seen = Counter(key for key in keys.values() if key is not None)
    warnings = [f"{count} activities have the key {key}" for key, count in sorted(seen.items()) if count > 1]
    if untold:
        warnings.append(f"the idnumber of {untold} activities is not told to this account: install the companion")
    return keys, warnings


def _from_companion(client: PullClient, course: CourseRow, modules: Sequence[ModuleRow]) -> Keys | None:
    if not client.has(COMPANION_COURSE_STATE):
        return None
    namespace = course.idnumber.partition(":")[0]
    try:
        activities = CompanionClient(client.transport).course_activities(course.id, namespace)
    except (AccessDenied, MoodleRefused):
        return None  # the core route is slower and knows less, but it is open
    ours = {activity.id: activity.key for activity in activities}
    return {module.id: ours.get(module.id) for module in modules}


def _from_modules(client: PullClient, modules: Sequence[ModuleRow]) -> dict[int, str]:
    told: dict[int, str] = {}
    # The first goes alone: it shows whether this account is told idnumbers at all.
    for part in (modules[:1], modules[1:]):
        for details in client.module_details([module.id for module in part]):
            if isinstance(details, NotFound):
                continue  # deleted since the list was read
            if isinstance(details, Exception):
                # A guess here would change the value of every fact about this activity.
                raise details
            if details.idnumber is None:
                return told
            told[details.id] = details.idnumber
    return told


def _from_gradebook(client: PullClient, course: CourseRow, learners: Sequence[int]) -> dict[int, str]:
    if not learners:
        return {}
    try:
        answer = client.grade_items(course.id, learners[:1])[0]
    except AccessDenied:
        return {}  # the grades themselves will say so
    books = answer.value if isinstance(answer, Answer) else []
    return {
        item.cmid: item.idnumber
        for book in books
        for item in book.gradeitems
        if item.cmid is not None and item.itemnumber == 0 and item.itemtype == "mod"
    }
