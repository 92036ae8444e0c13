"""HttpClient.post_bytes: bytes to something that is no Moodle, and which answers count."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from moodle_sync.errors import NotMoodle, SiteError, Unreachable
from moodle_sync.net import HttpClient, NetSettings, TransientFault

Replies = dict[str, Callable[..., Any]]
BODY = b"\x30\x00\xff secret"


def send(url: str, accepted: tuple[int, ...] = (200,), **settings: Any) -> tuple[int, bytes]:
    with HttpClient(NetSettings(connect_timeout=5, **settings)) as http:
        return http.post_bytes(url, BODY, content_type="application/x-test", accepted=accepted)


def test_post_bytes_sends_them_as_they_are_and_returns_status_and_body(start: Any, replies: Replies) -> None:
    server = start(replies["answer"]("200 OK", b"\x00\x01"))
    assert send(server.url) == (200, b"\x00\x01")
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert body == BODY
    assert b"Content-Type: application/x-test" in head
    assert b"Connection: close" in head


def test_post_bytes_status_that_is_accepted_is_an_answer(start: Any, replies: Replies) -> None:
    server = start(replies["answer"]("409 Conflict", b"5\n"))
    assert send(server.url, (200, 409)) == (409, b"5\n")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("302 Found", Unreachable),
        ("404 Not Found", Unreachable),
        ("409 Conflict", Unreachable),
        ("429 Too Many", TransientFault),
        ("500 Error", TransientFault),
        ("503 Maintenance", TransientFault),
    ],
)
def test_post_bytes_any_other_status_is_unreachable_and_shows_no_body(
    start: Any, replies: Replies, status: str, kind: type[SiteError]
) -> None:
    server = start(replies["answer"](status, b"words of the server", "Location: http://127.0.0.1:9/"))
    with pytest.raises(SiteError) as caught:
        send(server.url)
    assert type(caught.value) is kind
    assert f"HTTP {status[:3]}" in str(caught.value)
    assert not any(word in str(caught.value) for word in ("secret", "words"))
    assert len(server.requests) == 1, "a redirect is not followed and nothing is sent twice"


def test_post_bytes_answer_lost_too_large_or_never_given_is_a_fault(start: Any, replies: Replies) -> None:
    with pytest.raises(TransientFault):
        send(start(replies["reset"]()).url)
    with pytest.raises(NotMoodle, match="larger than the 3 bytes"):
        send(start(replies["answer"]("200 OK", b"12345")).url, max_bytes=3)
    with pytest.raises(TransientFault):
        send(start("silent").url, read_timeout=0.2)
    with pytest.raises(TransientFault):
        send("http://127.0.0.1:9/")
