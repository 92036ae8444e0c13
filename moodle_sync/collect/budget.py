"""What a pull of a course will cost, told before it is spent, and the point where it stops."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

from moodle_sync.collect.survey import Survey
from moodle_sync.errors import DoneInPart
from moodle_sync.moodle.pull import BATCH_SIZE
from moodle_sync.moodle.transport import Transport


@dataclass(frozen=True)
class CallEstimate:
    """What one pull of one course costs at most: functions called, and HTTP requests when nothing is refused."""

    learners: int
    activities: int
    calls: int
    requests: int


def estimate_of(
    survey: Survey, *, spent_calls: int, spent_requests: int, batched: bool, closing: int = 0
) -> CallEstimate:
    """The cost of the whole pull, from what the survey found; what the survey itself cost is in it.

    Args:
        survey: the course.
        spent_calls: calls made so far for this pull.
        spent_requests: HTTP requests sent so far for this pull.
        batched: whether this token may send batches.
        closing: how many questionnaires are to be summed up.
    """
    calls, requests = spent_calls, spent_requests
    for size in [*_groups(survey), *([1, 1, closing, closing] if closing else [])]:
        calls += size
        # The first of each group goes alone.
        requests += min(size, 1 + ceil((size - 1) / BATCH_SIZE)) if batched else size
    return CallEstimate(learners=len(survey.learners), activities=len(survey.modules), calls=calls, requests=requests)


def _groups(survey: Survey) -> Iterable[int]:
    learners, quizzes, assignments = len(survey.learners), len(survey.cmids("quiz")), len(survey.cmids("assign"))
    yield learners  # activity completion
    yield len(survey.active.intersection(survey.learners))  # course completion
    yield learners  # grades
    if quizzes and learners:
        yield 1
        yield quizzes * learners
    if assignments and learners:
        yield 1
        yield assignments  # what each is graded with
        yield assignments  # the forms filled, where there is a rubric
        # of each with a rubric, its grades, and its submissions where a form has no grade
        yield from [1] * (2 * assignments)
        yield 1  # trainers who are not enrolled


class Meter:
    """Counts what one pull spends on a transport, and stops it before it would pass a budget."""

    def __init__(self, transport: Transport, budget: int | None) -> None:
        self._transport = transport
        self._calls = transport.calls
        self._requests = transport.requests
        self._budget = budget

    @property
    def calls(self) -> int:
        """Functions called since the meter was made."""
        return self._transport.calls - self._calls

    @property
    def requests(self) -> int:
        """HTTP requests sent since the meter was made."""
        return self._transport.requests - self._requests

    def admit(self, course: str, estimate: CallEstimate) -> None:
        """Returns when the pull fits into the budget.

        Raises:
            DoneInPart: it does not. Nothing of this course was read or stored; the message names the budget it needs.
        """
        if self._budget is not None and estimate.calls > self._budget:
            raise DoneInPart(
                f"the pull stopped at its budget of {self._budget} calls",
                [f"{course}: not read, it needs up to {estimate.calls} calls ({estimate.requests} requests)"],
                hint=f"Run again with a budget of at least {estimate.calls} calls: what is known already adds nothing.",
            )
