"""Enrolments: who is a learner in the course, with which roles and groups, and whether the enrolment is active.

Core web services give neither method, dates nor status; active is the difference of two lists. Nothing more is asked
here: the survey has it all.
"""

from __future__ import annotations

from moodle_sync.collect.reading import Reading
from moodle_sync.collect.survey import Survey
from moodle_sync.facts.models import Enrolment

WSFUNCTION = "core_enrol_get_enrolled_users"


def read_enrolments(survey: Survey) -> Reading:
    """One fact a learner. Moodle tells no time for it."""
    reading = Reading("enrolment")
    for userid in survey.learners:
        user = survey.enrolled[userid]
        reading.facts.append(
            Enrolment(
                course=survey.idnumber,
                userid=userid,
                occurred_at=None,
                wsfunction=WSFUNCTION,
                active=userid in survey.active,
                roles=user.roles,
                groups=user.groups,
            )
        )
    return reading
