import io
import logging

from moodle_sync import log


def test_hidden_secret_never_reaches_the_stream() -> None:
    stream = io.StringIO()
    log.configure(verbose=True, stream=stream)
    log.hide("0123456789abcdef")
    logging.getLogger("moodle_sync.test").warning("sent %s", "token=0123456789abcdef")
    assert "0123456789abcdef" not in stream.getvalue()
    assert "[secret]" in stream.getvalue()
