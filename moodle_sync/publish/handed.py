"""Checkpoints that somebody kept and hands back in a file: a note, a mail (``.eml``), or text with a note in it.

Reads files only. Whether a note is one of this ledger is for ``verify`` to say.
"""

from __future__ import annotations

import email
import email.policy
import re
from email.message import EmailMessage
from pathlib import Path

from moodle_sync.errors import UsageError, VerificationFailed
from moodle_sync.ledger import note
from moodle_sync.ledger.outside import Kept, Reach

_NOTE = re.compile(r"^\S+/[0-9]+\n[0-9]+\n[A-Za-z0-9+/]{43}=\n\n(?:— \S+ [A-Za-z0-9+/]+=*(?:\n|\Z))+", re.MULTILINE)
_MOST = 64 * 1024 * 1024


def read_handed(path: Path) -> Kept:
    """Every note in a file that somebody kept.

    Raises:
        UsageError: it cannot be read, or there is no checkpoint in it.
    """
    try:
        if path.stat().st_size > _MOST:
            raise UsageError(f"{path} is too large to be a checkpoint or a mail")
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    texts = _mail_texts(data) if path.suffix.lower() == ".eml" else [data.decode("utf-8", errors="replace")]
    notes = sorted({found for text in texts for found in find_notes(text)})
    if not notes:
        raise UsageError(
            f"there is no checkpoint in {path}",
            hint="Give the file that was published (.checkpoint), or the mail as it was received, saved as .eml.",
        )
    return Kept(f"given:{path.name}", Reach.OTHERS, tuple(notes))


def find_notes(text: str) -> list[str]:
    """The notes in a text, as they were stored: line ends of mail programs are mended, cosignatures left out."""
    clean = text.removeprefix("\ufeff").replace("\r\n", "\n")
    found = []
    for match in _NOTE.finditer(clean):
        whole = match[0] if match[0].endswith("\n") else f"{match[0]}\n"
        try:
            found.append(note.without_cosignatures(whole))
        except VerificationFailed:  # something that only looks like one
            continue
    return found


def _mail_texts(data: bytes) -> list[str]:
    message = email.message_from_bytes(data, policy=email.policy.default)
    texts = []
    for part in message.walk():
        if isinstance(part, EmailMessage) and not part.is_multipart():
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes):
                texts.append(payload.decode("utf-8", errors="replace"))
    return texts
