"""One call of a web service function: encode, send, decode, count. Reads are repeated after a fault, writes never.

The token travels in the body only. What comes back is stored text (``moodlewssettingraw``), not what Moodle would show:
no filters, no cleaning, no rewritten addresses of files.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from moodle_sync.errors import ConfigError
from moodle_sync.moodle.answers import decode, value_of
from moodle_sync.moodle.encoding import flatten, form_body
from moodle_sync.moodle.functions import is_read
from moodle_sync.net import HttpClient, TransientFault

_SERVICE = "/webservice/rest/server.php"


def site_address(url: str) -> str:
    """The address of a site without its trailing slash, query or fragment. A site in a sub-folder keeps its path.

    Raises:
        ConfigError: not http or https, no host, or credentials in the address.
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(
            "the address of the Moodle site must be a full one", hint="Such as https://moodle.example.org/campus"
        )
    if parts.username or parts.password:
        raise ConfigError("the address of the Moodle site must hold no user name or password")
    path = parts.path.rstrip("/")
    return urlunsplit((parts.scheme, parts.netloc, path.removesuffix(_SERVICE).rstrip("/"), "", ""))


class Transport:
    """Calls functions on one site with one token.

    Attributes:
        url: the site's address, without a trailing slash.
        calls: functions executed so far; those inside a batch count one each.
        requests: HTTP requests sent so far, repeated ones included.
        can_batch: False once the site said that batches are not in this token's service.
    """

    def __init__(
        self,
        url: str,
        token: str,
        http: HttpClient,
        *,
        attempts: int = 4,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Args: ``attempts`` at a read in all; ``sleep`` waits between them (0.5, 1, 2 … at most 20 seconds)."""
        self.url = site_address(url)
        self.calls = 0
        self.requests = 0
        self.can_batch = True
        self._token = token
        self._http = http
        self._attempts = attempts
        self._sleep = sleep

    def __repr__(self) -> str:
        return f"Transport({self.url!r})"

    def call(
        self, wsfunction: str, params: Mapping[str, Any] | None = None, *, raw: bool = True, counts: int = 1
    ) -> Any:
        """Calls one function and returns its decoded answer: JSON, with ``Decimal`` for fractions.

        Args:
            wsfunction: the function's name; one that ``functions`` does not declare counts as a write.
            params: its arguments, as ``encoding.flatten`` takes them.
            raw: ask for stored text instead of text as shown.
            counts: how many calls this is (a batch counts those inside it, once it knows).

        Raises:
            SiteError: every way in which this can fail, see :mod:`moodle_sync.errors`.
            EncodingError: the arguments have no faithful form; nothing was sent.
        """
        params = params or {}
        write = not is_read(wsfunction, params)
        body = form_body(flatten(self._envelope(wsfunction, params, raw=raw)))
        content = self._send(body, write=True) if write else self._repeat(body)
        self.calls += counts
        return value_of(wsfunction, decode(wsfunction, content, write=write), write=write)

    def _envelope(self, wsfunction: str, params: Mapping[str, Any], *, raw: bool) -> dict[str, Any]:
        return {
            "wstoken": self._token,
            "wsfunction": wsfunction,
            "moodlewsrestformat": "json",
            "moodlewssettingraw": raw,
            "moodlewssettingfilter": False,
            "moodlewssettingfileurl": not raw,
            **params,
        }

    def _send(self, body: bytes, *, write: bool) -> bytes:
        self.requests += 1
        return self._http.post_form(f"{self.url}{_SERVICE}", body, write=write)

    def _repeat(self, body: bytes) -> bytes:
        retrying = Retrying(
            retry=retry_if_exception_type(TransientFault),
            stop=stop_after_attempt(self._attempts),
            wait=wait_exponential(multiplier=0.5, max=20),
            sleep=self._sleep,
            reraise=True,
        )
        return retrying(self._send, body, write=False)
