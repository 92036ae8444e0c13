"""A working folder, and an address on loopback that answers whatever a test tells it to."""

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from moodle_sync.cli.main import run

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "5ec5e70000000000000000000000cafe"
Reply = tuple[int, dict[str, str], bytes] | None
"""Status, headers and body; None closes the connection without an answer."""


@dataclass
class Address:
    """Something that listens. ``answers`` holds a reply (or a function of the form) by wsfunction; "*" for any."""

    url: str = ""
    answers: dict[str, Any] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)

    def reply(self, form: dict[str, list[str]]) -> Reply:
        function = form.get("wsfunction", [""])[0]
        self.seen.append(function)
        answer = self.answers.get(function, self.answers.get("*"))
        if callable(answer):
            answer = answer(form)
        if answer is None or isinstance(answer, tuple):
            return answer
        return 200, {"Content-Type": "application/json"}, json.dumps(answer).encode()


@pytest.fixture
def address() -> Iterator[Address]:
    served = Address()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            reply = served.reply(parse_qs(body, keep_blank_values=True))
            if reply is None:
                self.connection.close()
                return
            self.send_response(reply[0])
            for name, value in reply[1].items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply[2])))
            self.end_headers()
            self.wfile.write(reply[2])

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_port}"
    yield served
    server.shutdown()
    server.server_close()
    thread.join()


def site_info(url: str, *functions: str) -> dict[str, Any]:
    return {
        "sitename": "Test",
        "username": "ws",
        "userid": 2,
        "siteurl": url,
        "release": "5.1+ (Build: 20251017)",
        "version": "2025100600.02",
        "functions": [{"name": name, "version": "1"} for name in functions],
    }


@pytest.fixture
def core_site(address: Address) -> Address:
    """A site without the companion and with nothing in it, as far as a plan reads."""
    address.answers = {
        "core_webservice_get_site_info": site_info(address.url),
        "core_course_get_categories": [],
        "core_competency_list_competency_frameworks": [],
        "core_course_get_courses_by_field": {"courses": [], "warnings": []},
        "core_competency_get_scale_values": [{"id": 1, "name": "non"}, {"id": 2, "name": "oui"}],
    }
    return address


@dataclass(frozen=True)
class Work:
    """A folder with specs, a configuration and a ledger."""

    path: Path
    capsys: pytest.CaptureFixture[str]

    def run(self, *words: str) -> tuple[int, str, str]:
        """Exit code, stdout and stderr of one command."""
        self.capsys.readouterr()
        code = run([*words, "--config", str(self.path / "config.toml")])
        out, err = self.capsys.readouterr()
        return code, out, err

    def configure(self, change: Callable[[str], str]) -> None:
        """Change the text of the configuration."""
        file = self.path / "config.toml"
        file.write_text(change(file.read_text(encoding="utf-8")), encoding="utf-8")

    def files(self) -> dict[str, bytes]:
        """Every file of the folder but the database's own scratch files."""
        scratch = (".db-wal", ".db-shm", ".lock")
        return {
            str(path.relative_to(self.path)): path.read_bytes()
            for path in sorted(self.path.rglob("*"))
            if path.is_file() and not path.name.endswith(scratch)
        }


@pytest.fixture
def store_line() -> str:
    """Where the store is, as a line of the configuration: in the file that it is in by default."""
    return ""


@pytest.fixture
def work(
    tmp_path: Path,
    address: Address,
    store_line: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Work:
    shutil.copytree(ROOT / "course_specs", tmp_path / "course_specs")
    shutil.copytree(ROOT / "mappings", tmp_path / "mappings")
    (tmp_path / "config.toml").write_text(
        f'[site]\nname = "test"\nurl = "{address.url}"\nnamespace = "sag"\nread_timeout = 5\n'
        f'[ledger]\norigin = "test.example.org/ledger"\n{store_line}',
        encoding="utf-8",
    )
    monkeypatch.setenv("MOODLE_SYNC_PUSH_TOKEN", TOKEN)
    monkeypatch.setenv("MOODLE_SYNC_PULL_TOKEN", TOKEN)
    folder = Work(tmp_path, capsys)
    assert folder.run("ledger", "init")[0] == 0
    return folder
