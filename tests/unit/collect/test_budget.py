"""Requests of an estimate: the first of each kind alone, the rest by the hundred."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from moodle_sync.collect.budget import estimate_of
from moodle_sync.collect.survey import survey
from moodle_sync.moodle.pull import PullClient


@pytest.mark.parametrize(
    ("learners", "calls", "requests"),
    [
        (0, 0, 0),
        # completions, course completion and grades one each; quizzes and two attempts; what hangs on two assignments
        (1, 3 + 3 + 10, 3 + 3 + 10),
        (240, 3 * 240 + 1 + 480 + 10, 3 * (1 + 3) + 1 + (1 + 5) + 10),
    ],
)
def test_estimate_of_counts_batches(client: PullClient, learners: int, calls: int, requests: int) -> None:
    found = survey(client, "sag:pull1@2026-02", frozenset({"student"}), dict)
    people = tuple(range(learners))
    crowd = replace(found, learners=people, active=frozenset(people))
    cost = estimate_of(crowd, spent_calls=0, spent_requests=0, batched=True)
    assert (cost.learners, cost.calls) == (learners, calls)
    assert cost.requests == requests


def test_estimate_of_without_batches_is_a_request_a_call(client: PullClient) -> None:
    found: Any = survey(client, "sag:pull1@2026-02", frozenset({"student"}), dict)
    cost = estimate_of(found, spent_calls=3, spent_requests=5, batched=False)
    assert cost.requests - 5 == cost.calls - 3
