"""What a transport fault means: nothing was sent, or nobody knows.

The one question behind every fault is whether the other side may have done the work. For a read it does not matter;
for a write it decides between :class:`Unreachable` (try again later) and :class:`AnswerLost` (look it up first). When
in doubt, a write was sent. Messages name the address and the kind of fault, never a body, a token or a query.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import requests
import urllib3.exceptions as low

from moodle_sync.errors import AnswerLost, SiteError, Unreachable

# OpenSSL's reasons for a handshake that failed: no byte of the request can have left.
_HANDSHAKE = ("WRONG_VERSION_NUMBER", "UNSUPPORTED_PROTOCOL", "HANDSHAKE_FAILURE", "ALERT_PROTOCOL_VERSION")
_LOOK_UP = "Whether Moodle did it is unknown: look the object up by its key before doing anything again."


class TransientFault(Unreachable):
    """A fault that may pass by itself: the one kind of error for which a read is worth repeating."""


def _causes(error: BaseException) -> Iterator[BaseException]:
    # requests wraps urllib3, which wraps ssl and socket, in arguments and `reason` as often as in __cause__.
    seen: set[int] = set()
    queue: list[object] = [error]
    while queue:
        item = queue.pop()
        if not isinstance(item, BaseException) or id(item) in seen:
            continue
        seen.add(id(item))
        yield item
        queue += [item.__cause__, item.__context__, getattr(item, "reason", None), *item.args]


def explain(error: requests.RequestException, address: str, *, write: bool) -> SiteError:
    """The error to raise for a transport fault while calling ``address`` (scheme, host and path only)."""
    if isinstance(error, requests.exceptions.InvalidURL):
        return Unreachable(f"{address} is not an address that can be called", hint="Check the site and the proxy.")
    causes = tuple(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Unreachable(
                f"the certificate of {address} is not trusted: {cause.verify_message}",
                hint="If a private authority signed it, name its file in the configuration (ca_bundle).",
            )
    if any(isinstance(cause, low.NameResolutionError) for cause in causes):
        return TransientFault(f"the name in {address} is not known", hint="Check the address and the DNS.")
    if any(isinstance(cause, ssl.SSLError) and _is_handshake(cause) for cause in causes):
        return Unreachable(f"{address} does not speak TLS as expected", hint="Check the port, and http or https.")
    if any(isinstance(cause, low.NewConnectionError) for cause in causes):
        return TransientFault(f"{address} refuses connections", hint="Is the web server (or the proxy) running?")
    # After NewConnectionError, which urllib3 counts among the timeouts.
    if any(isinstance(cause, low.ConnectTimeoutError) for cause in causes):
        return TransientFault(f"{address} does not answer: no connection within the time allowed")
    if isinstance(error, requests.exceptions.ProxyError):
        return TransientFault(f"the proxy on the way to {address} failed", hint="Check the proxy in the configuration.")
    if isinstance(error, requests.Timeout) or any(isinstance(cause, low.ReadTimeoutError) for cause in causes):
        return lost(address, "no answer within the time allowed", write=write)
    return lost(address, "the connection broke before the answer was complete", write=write)


def lost(address: str, what: str, *, write: bool) -> SiteError:
    """The error for a request that was sent and has no usable answer: a read may be repeated, a write may not."""
    if write:
        return AnswerLost(f"{address}: {what}, after a write was sent", hint=_LOOK_UP)
    return TransientFault(f"{address}: {what}")


def _is_handshake(error: ssl.SSLError) -> bool:
    # OpenSSL does not always give a reason, and the text then carries it.
    text = f"{getattr(error, 'reason', None) or ''} {error}"
    return any(mark in text for mark in _HANDSHAKE)
