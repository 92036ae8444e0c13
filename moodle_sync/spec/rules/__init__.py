"""What no file can say alone: references, lengths of composed keys, sums, dates, and what reads badly.

:func:`check` is the one way in. Pure: it looks at loaded specs and at nothing else.
"""

from __future__ import annotations

from collections.abc import Collection

from moodle_sync.spec.rules.activities import check_activities
from moodle_sync.spec.rules.findings import Findings, Notes
from moodle_sync.spec.rules.grids import check_framework, check_rubric, check_survey
from moodle_sync.spec.rules.lints import lint
from moodle_sync.spec.rules.programmes import check_programme
from moodle_sync.spec.rules.sessions import check_funders, check_session
from moodle_sync.spec.rules.unconfirmed import check_to_confirm
from moodle_sync.spec.specs import Specs

__all__ = ["Findings", "check"]


def check(specs: Specs, namespace: str, *, roles: Collection[str] = (), funders: Collection[str] = ()) -> Findings:
    """Every problem, warning and open decision of loaded specs, each with its place.

    Problems keep anything from being sent. Warnings are advice. ``to_confirm`` are decisions that the source document
    does not make, listed until the organisation confirms them.

    Args:
        specs: what ``load_specs`` answered.
        namespace: the namespace of the site, which counts in the length of every idnumber.
        roles: the names of the roles in mappings/roles.yaml; when empty, roles are not checked.
        funders: the names of the funders in mappings/retention.yaml; when empty, funders are not checked.
    """
    notes = Notes(specs)
    for framework in specs.frameworks.values():
        check_framework(notes, framework, namespace)
    for rubric in specs.rubrics.values():
        check_rubric(notes, rubric)
    for survey in specs.surveys.values():
        check_survey(notes, survey)
    for programme in specs.programmes.values():
        check_programme(notes, programme)
        check_activities(notes, programme, namespace, roles)
    for session in specs.sessions.values():
        check_session(notes, session, namespace)
        check_funders(notes, session, funders)
    for item in notes.everything():
        check_to_confirm(notes, item)
        lint(notes, item)
    return notes.findings()
