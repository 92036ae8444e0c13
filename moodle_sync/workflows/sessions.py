"""Which sessions a command's words mean: one sentence for all commands when there is no such session."""

from __future__ import annotations

from collections.abc import Collection

from moodle_sync.errors import UsageError


def require_known(names: Collection[str], known: Collection[str]) -> None:
    """Return when every name is that of a session.

    Raises:
        UsageError: naming those that are not, and those that there are.
    """
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(f"There is no session {', '.join(unknown)}. There are: {', '.join(sorted(known)) or 'none'}.")
