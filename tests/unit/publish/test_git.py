"""Checkpoints in git: only ever added, never forced, and a remote that changed behind our back is named."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from notes import ORIGIN, signed

from moodle_sync.errors import LedgerUnusable, VerificationFailed
from moodle_sync.ledger import Kept, Reach
from moodle_sync.publish.git import GitPublisher

FOLDER = "example.org%2Fregistre"
NAME = f"{FOLDER}/2026-000000000002.checkpoint"


def git(*words: str | Path, stdin: str | None = None) -> str:
    """git as somebody else would run it, with settings of their own."""
    who = {"GIT_AUTHOR_NAME": "x", "GIT_AUTHOR_EMAIL": "x@example.org"}
    who |= {"GIT_COMMITTER_NAME": "x", "GIT_COMMITTER_EMAIL": "x@example.org", "GIT_CONFIG_GLOBAL": os.devnull}
    done = subprocess.run(
        ["git", *map(str, words)], input=stdin, capture_output=True, text=True, env=os.environ | who, check=True
    )
    return done.stdout


@pytest.fixture
def here(tmp_path: Path) -> Path:
    git("init", "--quiet", "--bare", "--initial-branch=main", tmp_path / "here.git")
    return tmp_path / "here.git"


@pytest.fixture
def far(tmp_path: Path, here: Path) -> Path:
    """The remote of ``here``."""
    git("init", "--quiet", "--bare", "--initial-branch=main", tmp_path / "far.git")
    git("--git-dir", here, "remote", "add", "origin", tmp_path / "far.git")
    return tmp_path / "far.git"


def place(here: Path, remote: str | None = None, origin: str = ORIGIN) -> GitPublisher:
    return GitPublisher(here, origin=origin, remote=remote, timeout=30)


def publish(here: Path, *sizes: int, remote: str | None = None, seed: str = "a") -> list[str]:
    """Publishes these sizes, as one run does."""
    publisher, texts = place(here, remote), []
    for size in sizes:
        one, text = signed(size, seed=seed)
        publisher.publish(one, text)
        texts.append(text)
    return texts


def rewrite(repository: Path, edit: Callable[[Path], None], work: Path) -> None:
    """Changes the last commit of a repository and forces it there."""
    git("clone", "--quiet", repository, work)
    edit(work)
    git("-C", work, "add", "--all")
    git("-C", work, "commit", "--quiet", "--amend", "--message", "as if it had always been so")
    git("-C", work, "push", "--quiet", "--force", "origin", "main")


def commit(repository: Path, edit: Callable[[Path], None], work: Path) -> None:
    """Adds a commit to a repository, without force."""
    git("clone", "--quiet", repository, work)
    edit(work)
    git("-C", work, "add", "--all")
    git("-C", work, "commit", "--quiet", "--message", "one more")
    git("-C", work, "push", "--quiet", "origin", "HEAD:main")


def test_publish_one_commit_a_checkpoint_and_the_latest(here: Path) -> None:
    texts = publish(here, 2, 10)
    assert git("--git-dir", here, "log", "--format=%s %an", "main").splitlines() == [
        "checkpoint 2026/10 moodle-sync",
        "checkpoint 2026/2 moodle-sync",
    ]
    listed = git("--git-dir", here, "ls-tree", "-r", "--name-only", "main").splitlines()
    assert listed == [NAME, f"{FOLDER}/2026-000000000010.checkpoint", f"{FOLDER}/latest"]
    assert git("--git-dir", here, "show", f"main:{FOLDER}/latest") == texts[1]
    [kept] = place(here).kept([])
    assert kept == Kept(f"git:{here}", Reach.OWN_ACCOUNT, tuple(texts))


def test_publish_same_note_twice_makes_no_commit(here: Path) -> None:
    publish(here, 2)
    before = git("--git-dir", here, "rev-parse", "main")
    publish(here, 2)
    assert git("--git-dir", here, "rev-parse", "main") == before


def test_publish_other_note_of_the_same_size_is_refused(here: Path) -> None:
    publish(here, 2)
    with pytest.raises(VerificationFailed, match="committed before"):
        publish(here, 2, seed="b")


def test_publish_pushes_and_the_remote_is_read_apart(here: Path, far: Path) -> None:
    texts = publish(here, 2, 10, remote="origin")
    assert git("--git-dir", far, "rev-parse", "main") == git("--git-dir", here, "rev-parse", "main")
    near, away = place(here, "origin").kept([])
    assert near.notes == away.notes == tuple(texts)
    assert (near.place, away.place) == (f"git:{here}", f"git:{here} → origin")
    assert (near.reach, away.reach, away.problems) == (Reach.OWN_ACCOUNT, Reach.REMOTE, ())


def test_publish_runs_no_hook_and_signs_nothing_and_asks_nobody(here: Path, far: Path, tmp_path: Path) -> None:
    for repository, name in ((here, "reference-transaction"), (here, "pre-push"), (here, "post-commit")):
        hook = repository / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n")
        hook.chmod(0o755)
    git("--git-dir", here, "config", "commit.gpgSign", "true")
    git("--git-dir", here, "config", "gpg.program", "false")
    publish(here, 2, remote="origin")
    assert not (tmp_path / "ran").exists()


def test_publish_other_ledgers_and_people_in_the_same_repository_are_left_alone(
    here: Path, far: Path, tmp_path: Path
) -> None:
    publish(here, 2, remote="origin")
    commit(far, lambda work: (work / "README").write_text("ours"), tmp_path / "work")
    other, text = signed(4, origin="example.net/other")
    place(here, "origin", "example.net/other").publish(other, text)
    texts = publish(here, 10, remote="origin")
    away = place(here, "origin").kept([])[1]
    assert len(away.notes) == 2
    assert away.notes[1] == texts[0]
    assert git("--git-dir", far, "show", "main:README") == "ours"
    assert [kept.notes for kept in place(here, "origin", "example.net/other").kept([])] == [(text,), (text,)]


def test_publish_killed_between_commit_and_push_is_caught_up(here: Path, far: Path) -> None:
    publish(here, 2, remote="origin")
    publish(here, 10)  # committed, never pushed
    away = place(here, "origin").kept([])[1]
    assert len(away.notes) == 1
    assert away.remarks == ("1 checkpoints committed here were not pushed yet",)
    publish(here, 10, remote="origin")
    assert len(place(here, "origin").kept([])[1].notes) == 2


def test_publish_after_a_push_whose_answer_was_lost_goes_on(here: Path, far: Path) -> None:
    publish(here, 2, remote="origin")
    publish(here, 10)
    git("--git-dir", here, "push", "--quiet", "origin", "main")  # as if ours had arrived, unseen
    publish(here, 12, remote="origin")
    assert len(place(here, "origin").kept([])[1].notes) == 3


def test_publish_remote_that_refuses_is_told_with_its_reason(here: Path, far: Path) -> None:
    hook = far / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(LedgerUnusable, match=r"git push failed: .*rejected"):
        publish(here, 2, remote="origin")
    hook.unlink()
    publish(here, 2, remote="origin")
    assert len(place(here, "origin").kept([])[1].notes) == 1


def test_publish_remote_out_of_reach_is_told_and_its_credentials_are_not(here: Path) -> None:
    git("--git-dir", here, "remote", "add", "origin", "http://user:s3cret@127.0.0.1:9/x.git")
    with pytest.raises(LedgerUnusable, match="git ls-remote failed") as caught:
        publish(here, 2, remote="origin")
    assert "s3cret" not in str(caught.value)
    near, away = place(here, "origin").kept([])
    assert (near.unreached, away.notes) == ("", ())
    assert "ls-remote failed" in away.unreached
    assert "s3cret" not in away.unreached


def test_publish_and_read_what_is_no_bare_repository_says_what_to_run(tmp_path: Path, here: Path) -> None:
    git("init", "--quiet", tmp_path / "work")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "none", tmp_path / "folder", tmp_path / "work", tmp_path / "work" / ".git"):
        with pytest.raises(LedgerUnusable) as caught:
            publish(path, 2)
        assert "git init --bare" in caught.value.hint
        with pytest.raises(LedgerUnusable):
            place(path).kept([])


def _altered(work: Path) -> None:
    path = work / NAME
    path.write_text(path.read_text(encoding="utf-8").replace("2\n", "3\n", 1), encoding="utf-8")


def test_kept_and_publish_find_every_way_to_tamper_with_a_repository(
    tmp_path: Path, tell: Callable[[str], None]
) -> None:
    """Each case: what is done to the remote, and what has to be said of it."""

    def reset(far: Path, work: Path) -> None:
        git("--git-dir", far, "update-ref", "refs/heads/main", "main~1")

    def lost(far: Path, work: Path) -> None:
        git("--git-dir", far, "update-ref", "-d", "refs/heads/main")

    def amended(far: Path, work: Path) -> None:
        rewrite(far, _altered, work)

    def emptied(far: Path, work: Path) -> None:
        rewrite(far, lambda folder: (folder / FOLDER / "2026-000000000010.checkpoint").unlink(), work)

    def altered_later(far: Path, work: Path) -> None:
        commit(far, _altered, work)

    def altered_and_put_back(far: Path, work: Path) -> None:
        good = git("--git-dir", far, "show", f"main:{NAME}")
        commit(far, _altered, work)
        commit(far, lambda folder: (folder / NAME).write_text(good, encoding="utf-8") and None, work.with_name("w2"))

    def removed_later(far: Path, work: Path) -> None:
        commit(far, lambda folder: (folder / NAME).unlink(), work)

    def turned_into_a_link(far: Path, work: Path) -> None:
        def edit(folder: Path) -> None:
            (folder / NAME).unlink()
            (folder / NAME).symlink_to("latest")

        commit(far, edit, work)

    cases = {
        reset: "lost or rewrote history",
        lost: "lost the branch",
        amended: "lost or rewrote history",
        emptied: "lost or rewrote history",
        altered_later: "altered or removed",
        altered_and_put_back: "altered or removed",
        removed_later: "altered or removed",
        turned_into_a_link: "altered or removed",
    }
    for tamper, said in cases.items():
        folder = tmp_path / tamper.__name__
        here, far = folder / "here.git", folder / "far.git"
        for repository in (here, far):
            git("init", "--quiet", "--bare", "--initial-branch=main", repository)
        git("--git-dir", here, "remote", "add", "origin", far)
        publish(here, 2, 10, remote="origin")
        assert place(here, "origin").kept([])[1].problems == ()
        tamper(far, folder / "work")
        tip = git("--git-dir", far, "for-each-ref")
        problems = place(here, "origin").kept([])[1].problems
        assert any(said in problem for problem in problems), tamper.__name__
        # What was found once is found again: looking must not make it the new truth.
        assert any(said in problem for problem in place(here, "origin").kept([])[1].problems), tamper.__name__
        if said != "altered or removed":
            with pytest.raises(VerificationFailed, match=said):
                publish(here, 12, remote="origin")
            assert git("--git-dir", far, "for-each-ref") == tip, "the remote was left as it was found"
    tell(f"git: {len(cases)} ways to tamper with a remote tried, all found")


def test_publish_to_a_remote_that_went_another_way_forces_nothing(here: Path, far: Path, tmp_path: Path) -> None:
    publish(here, 2)
    git("init", "--quiet", "--initial-branch=main", tmp_path / "work")
    (tmp_path / "work" / "README").write_text("not ours")
    git("-C", tmp_path / "work", "add", "--all")
    git("-C", tmp_path / "work", "commit", "--quiet", "--message", "first")
    git("-C", tmp_path / "work", "push", "--quiet", far, "main")
    before = git("--git-dir", far, "rev-parse", "main")
    with pytest.raises(VerificationFailed, match="different ways"):
        publish(here, 10, remote="origin")
    assert git("--git-dir", far, "rev-parse", "main") == before


def test_git_that_hangs_is_given_up(here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    slow = tmp_path / "bin" / "git"
    slow.write_text("#!/bin/sh\nexec sleep 30\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    with pytest.raises(LedgerUnusable, match=r"did not end within 0\.2 seconds"):
        GitPublisher(here, origin=ORIGIN, remote=None, timeout=0.2).kept([])


def test_git_that_is_not_installed_is_said(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(LedgerUnusable, match="not installed"):
        place(here).kept([])
