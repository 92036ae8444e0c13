"""Checkpoints as commits in a bare git repository, pushed to a remote: one file a checkpoint, only ever added.

git itself proves nothing to a third party: who may write a repository may rewrite it. What protects is a remote that
refuses forced pushes and that somebody else administers. Nothing is forced here; a remote whose history is no longer
the one that was seen last is refused and named.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from moodle_sync.errors import LedgerUnusable, VerificationFailed
from moodle_sync.ledger.note import Checkpoint
from moodle_sync.ledger.outside import Kept, Reach, Stored
from moodle_sync.publish.file import LATEST, SUFFIX, file_name, folder_name
from moodle_sync.publish.gitrun import Git

_SEEN = "refs/moodle-sync/seen"
_FETCHED = "refs/moodle-sync/fetched"


class GitPublisher:
    """Commits ``<origin>/<shard>-<size>.checkpoint`` and ``<origin>/latest`` to one branch, and pushes it.

    ``reach`` says how far the repository itself is from the ledger; its remote is as far as those who administer it.
    """

    newest_only = False

    def __init__(
        self,
        repository: Path,
        *,
        origin: str,
        remote: str | None,
        branch: str = "main",
        timeout: float = 60,
        reach: Reach = Reach.OWN_ACCOUNT,
    ) -> None:
        self._git = Git(repository, timeout)
        self._folder = folder_name(origin)
        self._remote = remote
        self._branch = f"refs/heads/{branch}"
        self._reach = reach
        self._seen = f"{_SEEN}/{remote}/{branch}"
        self._compared = False

    @property
    def place(self) -> str:
        """``git:``, the repository, and the name of the remote where there is one."""
        return f"git:{self._git.repository.absolute()}{f' → {self._remote}' if self._remote else ''}"

    def publish(self, checkpoint: Checkpoint, text: str) -> None:
        """Commits the note, and pushes it where a remote is named.

        Raises:
            LedgerUnusable: no repository, or the remote cannot be reached or refuses.
            VerificationFailed: another note of this size is there, or the remote lost or rewrote history.
        """
        self._git.require_bare()
        if self._remote and not self._compared:
            self._take_what_is_newer(self._fetch(self._remote))
            self._compared = True
        name = f"{self._folder}/{file_name(checkpoint)}"
        found = self._git.blob(self._branch, name)
        if found is None:
            self._commit(name, checkpoint, text.encode())
        elif found != text.encode():
            raise VerificationFailed(f"another checkpoint of the same size was committed before: {name}")
        tip = self._git.resolve(self._branch)
        if self._remote and self._git.resolve(self._seen) != tip:
            self._git.run("push", "--quiet", "--no-verify", self._remote, f"{self._branch}:{self._branch}")
            self._git.run("update-ref", self._seen, tip or "")

    def kept(self, stored: Sequence[Stored]) -> list[Kept]:
        """What the repository holds and, apart from it, what its remote holds now.

        Raises:
            LedgerUnusable: there is no such repository.
        """
        self._git.require_bare()
        here = Kept(f"git:{self._git.repository.absolute()}", self._reach, *self._read(self._branch))
        if not self._remote:
            return [here]
        try:
            fetched = self._fetch(self._remote)
        except LedgerUnusable as error:
            return [here, Kept(self.place, Reach.REMOTE, unreached=error.message)]
        except VerificationFailed as error:
            return [here, Kept(self.place, Reach.REMOTE, problems=(error.message,))]
        if fetched is None:
            return [here, Kept(self.place, Reach.REMOTE)]
        notes, problems = self._read(fetched)
        missing = len(set(here.notes) - set(notes))
        remarks = (f"{missing} checkpoints committed here were not pushed yet",) if missing else ()
        return [here, Kept(self.place, Reach.REMOTE, notes, problems, remarks)]

    def _fetch(self, remote: str) -> str | None:
        """The remote's branch as it is now, after holding it against what was seen there last; None when it has none.

        Raises:
            LedgerUnusable: out of reach. VerificationFailed: what was seen there last is gone from it.
        """
        listed = self._git.run("ls-remote", "--refs", remote, self._branch)
        seen = self._git.resolve(self._seen)
        if not listed.strip():
            if seen:
                raise VerificationFailed(f"the remote {remote} lost the branch that was pushed to it")
            return None
        self._git.run("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", remote, f"+{self._branch}:{_FETCHED}")
        fetched = self._git.resolve(_FETCHED)
        if seen and fetched and not self._git.is_ancestor(seen, fetched):
            raise VerificationFailed(
                f"the remote {remote} lost or rewrote history: what was pushed to it is no longer part of it"
            )
        return fetched

    def _take_what_is_newer(self, fetched: str | None) -> None:
        if fetched is None:
            return
        here = self._git.resolve(self._branch)
        if here is None or (here != fetched and self._git.is_ancestor(here, fetched)):
            self._git.run("update-ref", self._branch, fetched, here or "0" * len(fetched))
        elif not self._git.is_ancestor(fetched, here):
            raise VerificationFailed(
                f"{self._git.repository} and its remote {self._remote} went different ways; nothing is forced",
                hint="Find out who wrote to which. Keep both as they are.",
            )
        if self._git.resolve(self._branch) == fetched:
            self._git.run("update-ref", self._seen, fetched)

    def _commit(self, name: str, checkpoint: Checkpoint, data: bytes) -> None:
        """One commit with the note and ``latest``. Killed before the last step, it leaves the branch as it was."""
        parent = self._git.resolve(self._branch)
        blob = self._git.run("hash-object", "-w", "--no-filters", "--stdin", stdin=data).strip()
        index = self._git.repository / f"moodle-sync.{os.getpid()}.index"
        index.unlink(missing_ok=True)
        try:
            if parent:
                self._git.run("read-tree", parent, index=index)
            for path in (name, f"{self._folder}/{LATEST}"):
                self._git.run("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", index=index)
            tree = self._git.run("write-tree", index=index).strip()
        finally:
            index.unlink(missing_ok=True)
        message = f"checkpoint {checkpoint.shard}/{checkpoint.size}\n\n{checkpoint.text()}".encode()
        parents = ("-p", parent) if parent else ()
        commit = self._git.run("commit-tree", tree, *parents, "-F", "-", stdin=message).strip()
        self._git.run("update-ref", self._branch, commit, parent or "0" * len(commit))

    def _read(self, revision: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The notes at a revision, and what its history shows: a note is added once, and never touched again."""
        if self._git.resolve(revision) is None:
            return (), ()
        listed = self._git.run("ls-tree", "-r", "--name-only", "-z", revision, "--", f"{self._folder}/")
        names = sorted(name for name in listed.split("\0") if name.endswith(SUFFIX))
        touched = self._git.run(
            "log", "--format=", "--name-only", "--no-renames", "--diff-filter=MDT", "-m", "-z", revision,
            "--", f":(glob){self._folder}/*{SUFFIX}",
        )  # fmt: skip
        gone = sorted({name.rpartition("/")[2] for name in touched.split("\0") if name.strip()})
        problems = tuple(f"its history shows that {name} was altered or removed" for name in gone)
        return tuple(blob.decode("utf-8", errors="replace") for blob in self._git.blobs(revision, names)), problems
