"""The ``git`` executable, called so that nothing around it takes part: no hooks, no prompts, no signing, no settings.

Only the repository's own configuration counts, for remotes and their credentials. Knows nothing of checkpoints.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from moodle_sync.errors import LedgerUnusable

_CONFIG = (
    "core.hooksPath=/dev/null",
    "push.gpgSign=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "core.fsync=all",
    "protocol.ext.allow=never",
    "user.name=moodle-sync",
    "user.email=moodle-sync@localhost",
)
_PASSED_ON = ("PATH", "HOME", "SSH_AUTH_SOCK", "TZ")
_CREDENTIALS = re.compile(r"//[^/@\s]*@")


class Git:
    """One bare repository."""

    def __init__(self, repository: Path, timeout: float) -> None:
        self.repository = repository
        self._timeout = timeout

    def require_bare(self) -> None:
        """Passes when the repository is there and bare.

        Raises:
            LedgerUnusable: it is not, with what to run.
        """
        hint = f"Run: git init --bare {self.repository} (or git clone --bare, with the address of the remote)"
        if not self.repository.is_dir():
            raise LedgerUnusable(f"there is no git repository {self.repository} for checkpoints", hint=hint)
        done = self._call(("rev-parse", "--is-bare-repository"), b"", None)
        if done.stdout.strip() != b"true":
            why = f" ({_reason(done)})" if done.returncode else ""
            raise LedgerUnusable(f"{self.repository} is not a bare git repository{why}", hint=hint)

    def run(self, *words: str, stdin: bytes = b"", index: Path | None = None) -> str:
        """What git answers.

        Raises:
            LedgerUnusable: there is no git, it took too long, or it refused; its reason is given without credentials.
        """
        done = self._call(words, stdin, index)
        if done.returncode:
            raise LedgerUnusable(f"git {words[0]} failed: {_reason(done)}")
        return done.stdout.decode("utf-8", errors="replace")

    def resolve(self, revision: str) -> str | None:
        """The commit that a reference stands for, or None."""
        done = self._call(("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"), b"", None)
        return done.stdout.decode().strip() or None

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Whether a commit is part of the history of another."""
        return self._call(("merge-base", "--is-ancestor", older, newer), b"", None).returncode == 0

    def blob(self, revision: str, name: str) -> bytes | None:
        """The content of a file at a revision, or None."""
        done = self._call(("cat-file", "blob", f"{revision}:{name}"), b"", None)
        return None if done.returncode else done.stdout

    def blobs(self, revision: str, names: Sequence[str]) -> list[bytes]:
        """The contents of files at a revision, in the order of their names (which hold no newline).

        Raises:
            LedgerUnusable: one of them is not there or cannot be read.
        """
        asked = "".join(f"{revision}:{name}\n" for name in names).encode()
        done = self._call(("cat-file", "--batch"), asked, None)
        rest, found = done.stdout, []
        for name in names:
            head, _, rest = rest.partition(b"\n")
            words = head.split()
            if len(words) != 3 or words[1] != b"blob":
                raise LedgerUnusable(f"{name} cannot be read from {self.repository}", hint="Run: git fsck")
            size = int(words[2])
            found.append(rest[:size])
            rest = rest[size + 1 :]
        return found

    def _call(self, words: tuple[str, ...], stdin: bytes, index: Path | None) -> subprocess.CompletedProcess[bytes]:
        executable = shutil.which("git")
        if executable is None:
            raise LedgerUnusable("git is not installed", hint="Install it, or take [publish.git] out of config.toml.")
        settings = [part for value in _CONFIG for part in ("-c", value)]
        command = [executable, *settings, f"--git-dir={self.repository}", *words]
        try:
            return subprocess.run(  # noqa: S603 - no shell; the words are ours or checked by the configuration
                command, input=stdin, capture_output=True, timeout=self._timeout, env=_environment(index), check=False
            )
        except subprocess.TimeoutExpired as error:
            raise LedgerUnusable(f"git {words[0]} did not end within {self._timeout:g} seconds") from error
        except OSError as error:
            raise LedgerUnusable(f"git cannot be run: {error.strerror}") from error


def _reason(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = _CREDENTIALS.sub("//", done.stderr.decode("utf-8", errors="replace")).strip().splitlines()
    said = next((line for line in lines if line.startswith(("fatal:", "error:", " !"))), "".join(lines[-1:]))
    return said.strip() or f"code {done.returncode}"


def _environment(index: Path | None) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    fixed = {
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "SSH_ASKPASS": "true",
        "GIT_SSH_COMMAND": "ssh -o BatchMode=yes",
        "GIT_NO_REPLACE_OBJECTS": "1",
    }
    return kept | fixed | ({"GIT_INDEX_FILE": str(index)} if index else {})
