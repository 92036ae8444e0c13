"""explain: faults that a loopback cannot make."""

from __future__ import annotations

import socket
import ssl

import requests
import urllib3.exceptions as low
from urllib3.connection import HTTPConnection

from moodle_sync.errors import AnswerLost, Unreachable
from moodle_sync.net.faults import TransientFault, explain

ADDRESS = "https://moodle.example.org/webservice/rest/server.php"


def wrapped(reason: Exception) -> requests.ConnectionError:
    """As requests wraps what urllib3 raised."""
    return requests.ConnectionError(low.MaxRetryError(None, "/", reason))  # type: ignore[arg-type]


def test_explain_an_unknown_name_sent_nothing() -> None:
    reason = low.NameResolutionError("moodle.example.org", HTTPConnection("moodle.example.org"), socket.gaierror())
    for write in (False, True):
        error = explain(wrapped(reason), ADDRESS, write=write)
        assert type(error) is TransientFault
        assert "name" in error.message


def test_explain_a_connect_timeout_sent_nothing() -> None:
    error = explain(
        requests.ConnectTimeout(low.MaxRetryError(None, "/", low.ConnectTimeoutError())), ADDRESS, write=True
    )  # type: ignore[arg-type]
    assert type(error) is TransientFault
    assert "no connection" in error.message


def test_explain_an_unknown_tls_fault_counts_as_sent() -> None:
    reason = low.SSLError(ssl.SSLError(1, "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] certificate required"))
    assert type(explain(requests.exceptions.SSLError(reason), ADDRESS, write=True)) is AnswerLost
    assert type(explain(requests.exceptions.SSLError(reason), ADDRESS, write=False)) is TransientFault


def test_explain_an_address_that_is_none_sent_nothing() -> None:
    error = explain(requests.exceptions.InvalidURL("http://:0?wstoken=secret"), ADDRESS, write=True)
    assert type(error) is Unreachable
    assert "secret" not in str(error)
