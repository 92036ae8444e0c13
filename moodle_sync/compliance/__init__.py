"""The compliance view: what the evidence says on each learner and objective at one moment.

Pure functions of (facts up to a checkpoint, programme, framework, rubrics, session, moment). Nothing here reads a
clock, a file or the network, and no verdict is ever stored: it can be made again from the same facts.
"""

from moodle_sync.compliance.evidence import Evidence, EvidenceIndex
from moodle_sync.compliance.session import session_view
from moodle_sync.compliance.verdict import Finding, Verdict
from moodle_sync.compliance.view import SessionView

__all__ = ["Evidence", "EvidenceIndex", "Finding", "SessionView", "Verdict", "session_view"]
