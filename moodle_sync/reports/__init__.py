"""Reports: what the compliance view says, as documents for people. Layout only: no rule, no verdict, no clock.

The same view and context give the same bytes on every machine. Only ``write`` touches a disk.
"""

from moodle_sync.reports.html import Checkpoint, ReportContext, session_report
from moodle_sync.reports.write import write_report

__all__ = ["Checkpoint", "ReportContext", "session_report", "write_report"]
