"""RFC 3161 time stamps: an authority signs that it saw a checkpoint at a time. Tokens are kept beside the notes.

A token rules out that what it covers was written, or altered, after its time; whoever holds the ledger can still have
done so before. It is evidence wherever it lies, but only while it lies somewhere: a token that is lost proves nothing.
Revocation of certificates is not looked up. Needs the extra ``tsa``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cryptography import x509

from moodle_sync.clock import Clock, to_rfc3339
from moodle_sync.errors import ConfigError, LedgerUnusable, VerificationFailed
from moodle_sync.ledger.note import Checkpoint
from moodle_sync.ledger.outside import Kept, Reach, Stored
from moodle_sync.net import HttpClient
from moodle_sync.publish.file import SUFFIX, file_name, folder_name, put_note
from moodle_sync.store import files

if TYPE_CHECKING:
    from rfc3161_client import TimeStampRequest, TimeStampResponse

STAMPED = ".tsr"
_QUERY = "application/timestamp-query"
_SKEW = timedelta(minutes=5)


class TimestampPublisher:
    """Writes ``<folder>/<origin>/<shard>-<size>.checkpoint`` and, beside it, the authority's answer, ``.tsr``.

    Args:
        url: address of the authority.
        roots: file of root certificates (PEM), got from the authority itself.
        folder: where tokens are kept.
        origin: that of the ledger.
        http: how to reach the authority.
        clock: gives the time; a token from the future is refused.
    """

    newest_only = True

    def __init__(self, url: str, roots: Path, folder: Path, *, origin: str, http: HttpClient, clock: Clock) -> None:
        self._url = url
        self._roots = roots
        self._folder = folder
        self._origin = origin
        self._http = http
        self._clock = clock

    @property
    def place(self) -> str:
        """``timestamp:`` and the host of the authority."""
        return f"timestamp:{urlsplit(self._url).hostname}"

    def publish(self, checkpoint: Checkpoint, text: str) -> None:
        """Gets a token for the note, verifies it, and keeps both.

        Raises:
            Unreachable: no usable answer. LedgerUnusable: the authority refuses, or the folder cannot be written.
            VerificationFailed: the token does not hold, or another note of this size is there.
            ConfigError: no root certificates, or the extra is not installed.
        """
        roots = read_roots(self._roots)
        folder = self._folder / folder_name(self._origin)
        path = folder / file_name(checkpoint)
        token = path.with_suffix(STAMPED)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            put_note(path, text)
            if token.exists():
                self._verified(token.read_bytes(), text, roots)
                return
            files.replace(token, self._stamp(text, roots))
        except OSError as error:
            raise LedgerUnusable(f"{token} cannot be written: {error.strerror}") from error

    def kept(self, stored: Sequence[Stored]) -> list[Kept]:
        """The notes whose tokens hold, with the times they prove; a token that does not hold is a problem.

        Raises:
            ConfigError, LedgerUnusable: the root certificates or the folder cannot be read.
        """
        roots = read_roots(self._roots)
        folder = self._folder / folder_name(self._origin)
        notes: list[str] = []
        problems: list[str] = []
        times: list[tuple[str, datetime]] = []
        try:
            for token in sorted(folder.glob(f"*{STAMPED}")) if folder.is_dir() else ():
                beside = token.with_suffix(SUFFIX)
                text = beside.read_bytes().decode("utf-8", errors="replace") if beside.exists() else ""
                try:
                    times.append((token.stem, self._verified(token.read_bytes(), text, roots)))
                except VerificationFailed as error:
                    problems.append(f"{token.stem}: {error.message}")
                else:
                    notes.append(text)
        except OSError as error:
            raise LedgerUnusable(f"time stamps cannot be read: {error.strerror}") from error
        shown = times if len(times) < 3 else [times[0], times[-1]]
        remarks = tuple(f"{name} existed on {to_rfc3339(proven)}" for name, proven in shown)
        return [Kept(self.place, Reach.STAMPED, tuple(notes), tuple(problems), remarks)]

    def _stamp(self, text: str, roots: list[x509.Certificate]) -> bytes:
        request = _request(text)
        _, answer = self._http.post_bytes(self._url, request.as_bytes(), content_type=_QUERY)
        response = _decode(answer)
        if response.status not in (0, 1):
            said = "; ".join(response.status_string) or f"status {response.status}"
            raise LedgerUnusable(f"{self.place} refuses to stamp: {said}")
        self._verified(answer, text, roots, request)
        return answer

    def _verified(
        self, token: bytes, text: str, roots: list[x509.Certificate], request: TimeStampRequest | None = None
    ) -> datetime:
        """The proven time.

        Raises:
            VerificationFailed: wrong hash, signature, certificate, time or nonce; or no token at all.
        """
        from rfc3161_client import VerificationError, VerifierBuilder

        response = _decode(token)
        builder = VerifierBuilder(roots=roots, nonce=request.nonce if request else None)
        try:
            builder.build().verify_message(response, text.encode())
            proven = response.tst_info.gen_time
        except (VerificationError, ValueError) as error:
            raise VerificationFailed(f"the time stamp does not hold: {error}") from error
        if proven > self._clock() + _SKEW:
            raise VerificationFailed(f"the time stamp is from the future: {to_rfc3339(proven)}")
        return proven


def read_roots(path: Path) -> list[x509.Certificate]:
    """The root certificates in a PEM file.

    Raises:
        ConfigError: there are none, or the extra ``tsa`` is not installed.
    """
    _require_extra()
    hint = "Get the root certificate (PEM) from the authority and name its file: [publish.timestamp] roots."
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"the root certificates {path} cannot be read: {error.strerror}", hint=hint) from error
    except ValueError as error:
        raise ConfigError(f"there is no certificate in {path}", hint=hint) from error


def _require_extra() -> None:
    try:
        import rfc3161_client  # noqa: F401
    except ImportError as error:
        raise ConfigError("time stamps need an extra", hint="Run: pip install 'moodle-sync[tsa]'") from error


def _request(text: str) -> TimeStampRequest:
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    builder = TimestampRequestBuilder(text.encode(), HashAlgorithm.SHA256)
    return builder.nonce(nonce=True).cert_request(cert_request=True).build()


def _decode(answer: bytes) -> TimeStampResponse:
    from rfc3161_client import decode_timestamp_response

    try:
        return decode_timestamp_response(answer)
    except ValueError as error:
        raise VerificationFailed("this is not an answer of a time-stamping authority") from error
