"""Logging on stderr. What is logged never holds a body, token, name or e-mail: modules log keys, counts and codes.

A filter stands behind that rule as a second net: whatever secret was handed to :func:`hide` is cut out of every record.
"""

from __future__ import annotations

import logging
import sys
from typing import TextIO

LOGGER = "moodle_sync"
_hidden: set[str] = set()


class _Redact(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        for secret in _hidden:
            message = message.replace(secret, "[secret]")
        record.msg, record.args = message, None
        return True


def hide(secret: str) -> None:
    """Never let this text reach a log line. Too short a text is ignored: it would eat ordinary words."""
    if len(secret) >= 8:
        _hidden.add(secret)


def configure(*, verbose: bool = False, stream: TextIO | None = None) -> None:
    """Send our log lines to stderr, warnings and above unless ``verbose``. Safe to call again."""
    logger = logging.getLogger(LOGGER)
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", "%H:%M:%S"))
    handler.addFilter(_Redact())
    logger.handlers[:] = [handler]
    logger.setLevel(logging.DEBUG if verbose else logging.WARNING)
    logger.propagate = False
