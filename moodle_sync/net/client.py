"""The one HTTP client: every request of the project to Moodle leaves through :meth:`HttpClient.post_form`, and every
one to a place where checkpoints are published through :meth:`HttpClient.post_bytes`.

It owns timeouts, redirects, the size limit, proxy and certificates, and turns every fault into an error of the tree. It
knows nothing of Moodle's answers, and it never repeats a request: who may repeat is decided in ``moodle.transport``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urljoin, urlsplit, urlunsplit

import requests

from moodle_sync.errors import AccessDenied, ConfigError, NotMoodle, Unreachable
from moodle_sync.net.faults import TransientFault, explain, lost

_CHUNK = 64 * 1024


@dataclass(frozen=True)
class NetSettings:
    """How to reach a site. Times in seconds, sizes in bytes. ``read_timeout`` counts from one byte to the next."""

    connect_timeout: float = 10.0
    read_timeout: float = 120.0
    max_bytes: int = 128 * 1024 * 1024
    proxy: str | None = None
    ca_bundle: Path | None = None
    user_agent: str = "moodle-sync"


class HttpClient:
    """Sends one form and returns the body of a 200 answer. Everything else is an error.

    Proxy, certificates and credentials come from ``settings`` alone: the environment and ``.netrc`` are not read.
    Reads share connections; each write opens its own, so that no write is ever sent into a connection that the server
    was about to close.

    Raises:
        ConfigError: ``ca_bundle`` names a file that is not there.
    """

    def __init__(self, settings: NetSettings | None = None) -> None:
        self._settings = settings or NetSettings()
        self._reads = self._session()

    def _session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.headers["User-Agent"] = self._settings.user_agent
        session.headers["Accept"] = "application/json"
        if self._settings.proxy:
            session.proxies = {"http": self._settings.proxy, "https": self._settings.proxy}
        bundle = self._settings.ca_bundle
        if bundle is not None and not bundle.exists():
            raise ConfigError(f"the file of certificate authorities {bundle} does not exist (ca_bundle)")
        session.verify = str(bundle) if bundle else True
        return session

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Closes every connection."""
        self._reads.close()

    def post_form(self, url: str, body: bytes, *, write: bool) -> bytes:
        """Posts a form-encoded body and returns the bytes of the answer.

        Args:
            url: address without credentials or query; it may appear in messages.
            body: the encoded form; it never appears anywhere.
            write: whether the call may change something, which decides what a lost answer means.

        Raises:
            Unreachable: nothing was done; the subclass ``TransientFault`` when trying again may help.
            AnswerLost: a write was sent and no usable answer came back.
            NotMoodle: a redirect, or a status that no web service of Moodle gives.
            AccessDenied: HTTP 401 or 403.
        """
        timeout = (self._settings.connect_timeout, self._settings.read_timeout)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        try:
            with (
                self._connections(write=write) as session,
                session.post(
                    url, data=body, headers=headers, timeout=timeout, stream=True, allow_redirects=False
                ) as response,
            ):
                content = self._read(response, url, write=write)
                _refuse_status(response, content, url, write=write)
                return content
        except requests.RequestException as error:
            fault = explain(error, url, write=write)
        # Raised outside of the handler: what requests raised holds the request, and with it the token.
        raise fault

    def post_bytes(
        self, url: str, body: bytes, *, content_type: str, accepted: Collection[int] = (200,)
    ) -> tuple[int, bytes]:
        """Posts bytes to something that is no Moodle, and returns status and body of an answer with such a status.

        For requests that may be repeated (asking again for a time stamp or a cosignature does no harm), so that no
        answer counts as lost.

        Raises:
            Unreachable: no usable answer, a redirect, or another status; ``TransientFault`` when it may pass.
        """
        timeout = (self._settings.connect_timeout, self._settings.read_timeout)
        headers = {"Content-Type": content_type, "Accept": "*/*"}
        try:
            with (
                self._connections(write=True) as session,  # seldom sent: a kept connection would be dead by then
                session.post(
                    url, data=body, headers=headers, timeout=timeout, stream=True, allow_redirects=False
                ) as response,
            ):
                content = self._read(response, url, write=False)
                status = response.status_code
        except requests.RequestException as error:
            fault = explain(error, url, write=False)
        else:
            if status in accepted:
                return status, content
            kind = TransientFault if status == 429 or status >= 500 else Unreachable
            raise kind(f"{url}: HTTP {status}", hint="Check the address in the configuration.")
        raise fault

    @contextmanager
    def _connections(self, *, write: bool) -> Iterator[requests.Session]:
        """The shared connections for a read; for a write one of its own, closed whatever the server says of it.

        Asking the server to close ("Connection: close") is not enough: one that closes without saying so leaves a
        dead connection behind for the next write.
        """
        if not write:
            yield self._reads
            return
        with self._session() as session:
            session.headers["Connection"] = "close"
            yield session

    def _read(self, response: requests.Response, url: str, *, write: bool) -> bytes:
        parts: list[bytes] = []
        size = 0
        for chunk in response.iter_content(_CHUNK):
            size += len(chunk)
            if size > self._settings.max_bytes:
                what = f"the answer is larger than the {self._settings.max_bytes} bytes allowed"
                if write:
                    raise lost(url, what, write=True)
                raise NotMoodle(f"{url}: {what}", hint="Raise the limit (max_bytes) if this site is that large.")
            parts.append(chunk)
        return b"".join(parts)


def _refuse_status(response: requests.Response, content: bytes, url: str, *, write: bool) -> None:
    status = response.status_code
    if status == 200:
        return
    if 300 <= status < 400:
        raise _redirected(response, url)
    if status == 503 and (b"maintenance" in content.lower() or "maintenance" in (response.reason or "").lower()):
        # Moodle looks for its maintenance page before it reads the request: nothing was done, whatever was asked.
        raise Unreachable(f"{url}: the site is under maintenance", hint="Try again when the maintenance is over.")
    if status in (401, 403):
        raise AccessDenied(
            f"{url}: HTTP {status}",
            hint="Are web services and the REST protocol switched on? A firewall may also refuse this machine.",
        )
    if status == 429:
        raise TransientFault(f"{url}: HTTP 429, too many requests", hint="Try again later.")
    if status >= 500:
        raise lost(url, f"HTTP {status}", write=write)
    raise NotMoodle(f"{url}: HTTP {status}, which Moodle's web services never answer", hint="Check the site's address.")


def _redirected(response: requests.Response, url: str) -> NotMoodle:
    location = response.headers.get("Location", "")
    if not location:
        return NotMoodle(f"{url}: HTTP {response.status_code} without an address", hint="Check the site's address.")
    parts = urlsplit(urljoin(url, location))
    # Neither credentials nor a query belong in a message.
    host = parts.hostname or ""
    netloc = f"{host}:{parts.port}" if parts.port else host
    path = urlsplit(url).path
    service = path[path.index("/webservice/") :] if "/webservice/" in path else ""
    if service and parts.path.endswith(service):
        site = urlunsplit((parts.scheme, netloc, parts.path[: -len(service)], "", ""))
        return NotMoodle(f"{url} redirects to {site}", hint=f"Write {site} as the site's address in the configuration.")
    target = urlunsplit((parts.scheme, netloc, parts.path, "", ""))
    return NotMoodle(
        f"{url} redirects to {target}, which is not a web service",
        hint="Write the address that Moodle itself shows after login as the site's address in the configuration.",
    )
