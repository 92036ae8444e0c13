"""The web server of the sandbox: one path, on 127.0.0.1, real HTTP. What a call means is the dispatcher's business."""

from __future__ import annotations

import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import RLock, Thread
from typing import Any

from moodle_sync.sandbox.dispatch import BATCH, Dispatcher, HttpFailure
from moodle_sync.sandbox.faults import LOSE, Faults
from moodle_sync.sandbox.forms import read_form, write_json, write_xml
from moodle_sync.sandbox.moodle_errors import MoodleError, SandboxDefect

PATH = "/webservice/rest/server.php"
_ENVELOPE = ("wstoken", "wsfunction", "moodlewsrestformat")


class Server:
    """Serves one dispatcher, from :meth:`start` to :meth:`stop`."""

    def __init__(
        self, dispatcher: Dispatcher, faults: Faults, *, port: int = 0, folder: str = "", debug: bool = False
    ) -> None:
        self._dispatcher = dispatcher
        self._faults = faults
        self._port = port
        self._folder = f"/{folder.strip('/')}" if folder.strip("/") else ""
        self._debug = debug
        self._http: _Http | None = None
        self._thread = Thread()

    @property
    def url(self) -> str:
        """The site's address, without a trailing slash; without its port until it is served."""
        port = f":{self._http.server_address[1]}" if self._http else ""
        return f"http://127.0.0.1{port}{self._folder}"

    def start(self, after: Callable[[], None]) -> None:
        """Serve from now on, in a thread; ``after`` runs after every call, before it is answered."""
        self._http = _Http(self._port, self._folder, self._dispatcher, self._faults, after)
        self._http.debug = self._debug
        self._thread = Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Serve no longer. Calls that are under way end first."""
        if self._http is not None:
            self._http.shutdown()
            self._thread.join()
            self._http.server_close()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    debug = False

    def __init__(
        self, port: int, site_path: str, dispatcher: Dispatcher, faults: Faults, after: Callable[[], None]
    ) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.lock = RLock()
        self.site_path = site_path
        self.dispatcher = dispatcher
        self.faults = faults
        self.after = after


class _Handler(BaseHTTPRequestHandler):
    server: _Http
    protocol_version = "HTTP/1.1"
    server_version = "sandbox"
    sys_version = ""
    disable_nagle_algorithm = True  # head and body are two writes: the second would wait 40 ms for an answer

    def do_GET(self) -> None:
        """Everything but the web service's path, and every method but POST, is not there."""
        self._send(
            HTTPStatus.NOT_FOUND, "text/html; charset=utf-8", "<!DOCTYPE html><title>Error</title><p>Not found</p>"
        )

    def do_POST(self) -> None:
        """One call."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.partition("?")[0] != self.server.site_path + PATH:
            self.do_GET()
            return
        form: dict[str, Any] = {}
        # A JSON body is read by nobody: the function then runs as if nothing had been sent.
        if "form-urlencoded" in self.headers.get("Content-Type", ""):
            form = read_form(body)
        self._call(form)

    def _call(self, form: dict[str, Any]) -> None:
        wsfunction = str(form.get("wsfunction", ""))
        if "rest" in self.server.faults.off:
            self._send(HTTPStatus.FORBIDDEN, "text/html; charset=utf-8", "")
            return
        before = len(self.server.dispatcher.calls)
        try:
            with self.server.lock:
                answer, error = self._answer(form, wsfunction), False
        except MoodleError as refused:
            answer, error = self._exception(refused), True
        except HttpFailure as failure:
            self._send(failure.status, "text/html; charset=utf-8", "<!DOCTYPE html><title>Error</title>")
            return
        except SandboxDefect as defect:
            self._send(HTTPStatus.INTERNAL_SERVER_ERROR, "text/plain; charset=utf-8", f"the sandbox is wrong: {defect}")
            return
        time.sleep(self.server.faults.delay(wsfunction))
        called = {wsfunction, *(self.server.dispatcher.calls[before:] if wsfunction == BATCH else ())}
        struck = [self.server.faults.strike(LOSE, name) for name in sorted(called)]  # each call counts
        if any(struck):
            self.close_connection = True
            return
        if form.get("moodlewsrestformat") == "json":
            self._send(HTTPStatus.OK, "application/json", write_json(answer))
        else:
            self._send(HTTPStatus.OK, "application/xml; charset=utf-8", write_xml(answer, error=error))

    def _answer(self, form: dict[str, Any], wsfunction: str) -> Any:
        arguments = {name: value for name, value in form.items() if name not in _ENVELOPE}
        raw = str(arguments.pop("moodlewssettingraw", "0")) in ("1", "true")
        for name in [name for name in arguments if name.startswith("moodlewssetting")]:
            del arguments[name]
        dispatcher = self.server.dispatcher
        caller = dispatcher.login(str(form.get("wstoken", "")), raw=raw)
        answer = dispatcher.call(caller, wsfunction, arguments)
        self.server.after()
        return answer

    def _exception(self, refused: MoodleError) -> dict[str, str]:
        body = {"exception": refused.cls, "errorcode": refused.errorcode, "message": refused.message}
        if not refused.errorcode:  # a PHP error has none
            del body["errorcode"]
        if self.server.debug and refused.where:
            body["debuginfo"] = refused.where
        return body

    def _send(self, status: int, kind: str, text: str) -> None:
        content = text.encode("utf-8")
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: what tests want to know is in the dispatcher."""
