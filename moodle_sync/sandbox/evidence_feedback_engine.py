"""A questionnaire being filled in: its pages, what was given, when a page is done, and how answers read.

Works on rows. A page counts as done once every question of it was posted, an empty answer included; a client that
leaves questions out never gets past it.
"""

from __future__ import annotations

import re
from typing import Any

from moodle_sync.sandbox.evidence_common import plain
from moodle_sync.sandbox.evidence_completion import COMPLETE, update_state
from moodle_sync.sandbox.rows_site import CourseModule, Feedback, FeedbackItem
from moodle_sync.sandbox.rows_work import FeedbackCompleted, FeedbackDraft
from moodle_sync.sandbox.world import World

ANONYMOUS = 1
_INDEXED = re.compile(r"(.+)\[(\d+)\]")
_KIND = re.compile(r"^([rcd])>>>>>")
_SCORE = re.compile(r"^-?\d+####")


def items_of(world: World, feedbackid: int) -> list[FeedbackItem]:
    """The items of a questionnaire in order."""
    return sorted(world.feedback_items.where(feedback=feedbackid), key=lambda item: item.position)


def pages_of(world: World, feedbackid: int) -> list[list[FeedbackItem]]:
    """The items page by page, without the page breaks. There is always a first page."""
    pages: list[list[FeedbackItem]] = [[]]
    for item in items_of(world, feedbackid):
        if item.typ == "pagebreak":
            pages.append([])
        else:
            pages[-1].append(item)
    return pages


def options_of(item: FeedbackItem) -> list[str]:
    """The options of a choice, as a learner reads them."""
    listed = _KIND.sub("", item.presentation).partition("<<<<<")[0]
    return [plain(_SCORE.sub("", option)) for option in listed.split("|")]


def options_with_points(item: FeedbackItem) -> list[tuple[str, str]]:
    """The options of a choice as stored, each with the points that it is worth; without any where it is not rated."""
    listed = _KIND.sub("", item.presentation)
    if not item.presentation.startswith("d"):  # of a list Moodle takes what stands behind for a part of the last option
        listed = listed.partition("<<<<<")[0]
    pairs = [option.partition("####") for option in listed.split("|")]
    return [(points, text) if mark else ("", points) for points, mark, text in pairs]


def draft_of(world: World, feedback: Feedback, userid: int) -> FeedbackDraft | None:
    """What the learner began and did not send."""
    return world.feedback_drafts.one(feedback=feedback.id, userid=userid)


def resume_page(world: World, feedback: Feedback, userid: int) -> int | None:
    """The page to go on with; None when all are done."""
    done, _ = _progress(world, feedback, userid)
    return 0 if done is None else next_page(world, feedback, done)


def next_page(world: World, feedback: Feedback, page: int) -> int | None:
    """The next page with something on it."""
    pages = pages_of(world, feedback.id)
    return next((number for number in range(page + 1, len(pages)) if pages[number]), None)


def give(world: World, feedback: Feedback, userid: int, page: int, posted: list[dict[str, Any]]) -> bool:
    """Keep what was posted of a page; False, with nothing kept, when a question does not take what it was given."""
    given = _by_field(posted)
    values: dict[str, str] = {}
    for item in pages_of(world, feedback.id)[page]:
        field = f"{item.typ}_{item.id}"
        if not item.hasvalue:
            continue
        value = _stored(item, given[field]) if field in given else ""
        if (item.required and not value) or (item.typ == "numeric" and value and not _is_in_range(item, value)):
            return False
        if field in given:
            values[str(item.id)] = value
    draft = draft_of(world, feedback, userid)
    if draft is None:
        draft = world.feedback_drafts.add(FeedbackDraft(feedback=feedback.id, userid=userid))
    draft.values |= values
    draft.timemodified = world.now()
    return True


def page_after(world: World, feedback: Feedback, userid: int, page: int) -> int | None:
    """Where to go from this page: the first one that is not done, or the next; None when it was the last."""
    _, missing = _progress(world, feedback, userid)
    return missing if missing is not None and missing <= page else next_page(world, feedback, page)


def send(world: World, module: CourseModule, feedback: Feedback, userid: int) -> None:
    """The learner is through: the draft becomes an answer, and the activity may be complete."""
    draft = draft_of(world, feedback, userid)
    values = dict(draft.values) if draft else {}
    if draft is not None:
        world.feedback_drafts.remove(draft)
    if feedback.anonymous != ANONYMOUS:  # of a named one there is one answer a person: the last
        world.feedback_completed.remove(*world.feedback_completed.where(feedback=feedback.id, userid=userid))
    world.feedback_completed.add(
        FeedbackCompleted(
            feedback=feedback.id,
            userid=userid,
            timemodified=world.now(),
            anonymous_response=feedback.anonymous,
            values=values,
        )
    )
    update_state(world, module, userid, COMPLETE)


def read_as(item: FeedbackItem, value: str) -> str:
    """An answer as Moodle prints it: the words of options, one a line."""
    if item.typ in ("multichoice", "multichoicerated"):
        options = options_of(item)
        chosen = [int(part) for part in value.split("|") if part.isdigit()]
        return "\n".join(options[number - 1] for number in chosen if 0 < number <= len(options))
    return value


def titled(item: FeedbackItem) -> str:
    """A question with its label, and a number's bounds, as reports of answers call it."""
    label = f"({item.label}) " if item.label else ""
    if item.typ != "numeric":
        return f"{label}{item.name}"
    low, _, high = item.presentation.partition("|")
    bounds = f" ({low} - {high})" if "-" not in (low, high) else ""
    return f'{label}{item.name}<span class="boundaries">{bounds}</span>'


def _progress(world: World, feedback: Feedback, userid: int) -> tuple[int | None, int | None]:
    """The last page that is done before the first that is not, and that first one."""
    draft = draft_of(world, feedback, userid)
    told = set(draft.values) if draft else set()
    asked = [[item for item in page if item.hasvalue] for page in pages_of(world, feedback.id)]
    missing = next((n for n, page in enumerate(asked) if any(str(item.id) not in told for item in page)), None)
    done = [n for n, page in enumerate(asked) if page and (missing is None or n < missing)]
    return max(done, default=None), missing


def _by_field(posted: list[dict[str, Any]]) -> dict[str, Any]:
    """Posted pairs as PHP reads them: ``name[2]`` is an entry of a list."""
    given: dict[str, Any] = {}
    for pair in posted:
        match = _INDEXED.fullmatch(pair["name"])
        if match:
            given.setdefault(match[1], {})[int(match[2])] = pair["value"]
        else:
            given[pair["name"]] = pair["value"]
    return given


def _stored(item: FeedbackItem, value: Any) -> str:
    if isinstance(value, dict):
        options = options_of(item)
        return "|".join(str(n) for n in sorted(value) if 0 < n <= len(options) and value[n] not in ("", "0"))
    if item.typ in ("multichoice", "multichoicerated"):
        return value if value.isdigit() and 0 < int(value) <= len(options_of(item)) else ""
    return plain(value)


def _is_in_range(item: FeedbackItem, value: str) -> bool:
    low, _, high = item.presentation.partition("|")
    try:
        number = float(value.replace(",", "."))
        return (low in ("", "-") or number >= float(low)) and (high in ("", "-") or number <= float(high))
    except ValueError:
        return False
