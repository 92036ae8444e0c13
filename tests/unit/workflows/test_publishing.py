"""Every place at once, on loopback: published to, caught up, read back, and what each of them finds."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from databases import Database
from ledgerscene import COURSE, Scene
from placesscene import Surroundings, git, keep, put_back, put_store_back, surrounded
from tsa import Authority, authority

from moodle_sync.config import Settings, load_settings
from moodle_sync.errors import DoneInPart, UsageError
from moodle_sync.ledger import Reach, note
from moodle_sync.store.files import replace
from moodle_sync.workflows.doctor.findings import Mark
from moodle_sync.workflows.doctor.places import check_places
from moodle_sync.workflows.ledger import Verified, checkpoint, open_ledger, verify
from moodle_sync.workflows.publishing import describe, publishers, same_disk
from moodle_sync.workflows.report import session_report
from moodle_sync.workflows.status import status

WITNESS = "witness:witness.example.net/w1"
MAIL = "email:cabinet.example.net"
STAMP = "timestamp:127.0.0.1"


@pytest.fixture(scope="module")
def stamper(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("tsa"))


@pytest.fixture
def around(
    tmp_path: Path, stamper: Authority, database: Database, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Surroundings]:
    monkeypatch.delenv("MOODLE_SYNC_MASTER_KEY", raising=False)
    with surrounded(tmp_path, stamper, database) as made:
        yield made


def file_place(scene: Scene) -> str:
    return f"file:{scene.folder / 'checkpoints'}"


def git_place(scene: Scene) -> str:
    return f"git:{scene.folder / 'checkpoints.git'} → origin"


def checked(settings: Settings, **words: object) -> Verified:
    return verify(settings, payloads=False, **words)  # type: ignore[arg-type]


def failed(found: Verified) -> set[str]:
    return {check.name for check in found.checks if not check.ok}


def sentence(found: Verified, name: str) -> str:
    return next(check.sentence for check in found.checks if check.name == name)


def more(scene: Scene, grade: str) -> None:
    """One more grade, sealed, signed, and published everywhere."""
    scene.grades[810047] = grade
    scene.pull(COURSE)


def without_places(scene: Scene) -> Settings:
    """As if the configuration named no place but the folder."""
    return scene.settings.model_copy(update={"publish": type(scene.settings.publish)()})


def rewritten(scene: Scene, tmp_path: Path) -> None:
    """The operator makes another history with the same keys, of the same length, and puts it in place of the first."""
    other = Scene(tmp_path / "other", scene.settings)
    other.folder.mkdir()
    for name in ("config.toml",):
        text = (scene.folder / name).read_text(encoding="utf-8").partition("[publish.git]")[0]
        (other.folder / name).write_text(text, encoding="utf-8")
    keep(scene, other.folder, ("empty",))
    shutil.copytree(scene.folder / "empty" / "data", other.folder / "data")
    put_store_back(scene.folder / "empty")
    (other.folder / "checkpoints").mkdir()
    other.settings = load_settings(other.folder / "config.toml")
    other.grades = dict.fromkeys(other.grades, "20.00")
    other.pull()
    other.grades[810047] = "19.50"
    other.pull(COURSE)
    put_back(scene, other.folder, ("data", "checkpoints"))


def test_checkpoint_goes_to_every_place_and_verify_names_what_each_holds(around: Surroundings) -> None:
    scene = around.scene
    scene.pull()
    more(scene, "18.00")
    signed = checkpoint(scene.settings)
    assert set(signed.places) == {file_place(scene), git_place(scene), MAIL, STAMP, WITNESS}
    assert [recipients for recipients, _ in around.box.mails] == [["auditrice@cabinet.example.net"]] * 2
    found = checked(scene.settings)
    assert (found.ok, found.unprotected_tail, found.unreached, found.exit_code) == (True, 0, (), 0)
    assert [line.partition(":")[0] for line in found.unread] == ["email"]
    for name, count in ((file_place(scene), 2), (f"git:{scene.folder / 'checkpoints.git'}", 2), (git_place(scene), 2)):
        assert f"{count} checkpoints up to 2026/" in sentence(found, name)
    for name, reach in ((STAMP, Reach.STAMPED), (WITNESS, Reach.OTHERS), (f"{WITNESS}, asked now", Reach.OTHERS)):
        assert reach.value in sentence(found, name)
    assert "ruled out" not in sentence(found, "published")
    assert "existed on 20" in sentence(found, STAMP)
    assert "it has seen exactly this" in sentence(found, f"{WITNESS}, asked now")
    assert Reach.SAME_DISK.value in sentence(found, file_place(scene))


def test_verify_with_copies_on_the_ledgers_own_disk_alone_says_that_all_of_it_can_be_rewritten(
    around: Surroundings,
) -> None:
    around.scene.pull()
    found = checked(without_places(around.scene))
    assert (found.ok, found.unprotected_tail) == (True, found.entries)
    assert "whoever rewrites the one can rewrite the other" in sentence(found, "published")


def test_verify_copies_on_another_disk_of_the_same_account_are_said_to_be_that(
    around: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    around.scene.pull()
    monkeypatch.setattr("moodle_sync.workflows.publishing.same_disk", lambda settings, folder: False)
    found = checked(without_places(around.scene))
    assert (found.ok, found.unprotected_tail) == (True, 0)
    assert "Not ruled out, for want of a copy that somebody else holds: that this account" in sentence(
        found, "published"
    )


def test_verify_says_what_remote_and_time_stamps_alone_do_not_rule_out(around: Surroundings) -> None:
    scene = around.scene
    scene.pull()
    whole = scene.settings.publish
    for kept, left in (
        (("git",), "administers the remote"),
        (("git", "timestamp"), "before the times"),
        (("witness",), ""),
    ):
        only = type(whole)(**{name: getattr(whole, name) for name in kept})
        found = checked(scene.settings.model_copy(update={"publish": only}))
        said = sentence(found, "published")
        assert (found.ok, found.unprotected_tail) == (True, 0)
        assert left in said if left else "ruled out" not in said


def test_place_out_of_reach_is_6_the_others_have_theirs_and_the_next_run_catches_up(
    around: Surroundings, tell: Callable[[str], None]
) -> None:
    scene = around.scene
    scene.pull()
    config = scene.folder / "config.toml"
    whole = config.read_text(encoding="utf-8")
    checkpoints = scene.folder / "checkpoints"
    breaks: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        file_place(scene): (
            lambda: checkpoints.rename(scene.folder / "away"),
            lambda: (scene.folder / "away").rename(checkpoints),
        ),
        git_place(scene): (
            lambda: around.far.rename(around.far.with_name("away.git")),
            lambda: around.far.with_name("away.git").rename(around.far),
        ),
        MAIL: (lambda: setattr(around.box, "answer", "451 no"), lambda: setattr(around.box, "answer", "250 OK")),
        STAMP: (lambda: setattr(around.stamps, "status", 503), lambda: setattr(around.stamps, "status", 200)),
        WITNESS: (
            lambda: (around.witness / "state").rename(around.witness / "away"),
            lambda: (around.witness / "away").rename(around.witness / "state"),
        ),
    }
    for number, (name, (broken, mended)) in enumerate(breaks.items()):
        broken()
        with pytest.raises(DoneInPart) as caught:
            more(scene, f"1{number}.00")
        assert len(caught.value.failures) == 1, name
        assert caught.value.failures[0].startswith(name)
        with open_ledger(scene.settings) as ledger:
            last = ledger.last_checkpoint()
        assert last is not None
        assert set(last.places) == set(breaks) - {name}
        found = checked(scene.settings)
        assert found.ok
        if name != MAIL and name != STAMP:  # a mail and a token are not asked for again
            assert found.exit_code == 6, name
            assert any(line.startswith(name) for line in found.unreached)
        behind = [row for row in status(scene.settings).ledger.published if row.behind]
        assert [row.place for row in behind] == [name]
        mended()
        assert set(checkpoint(scene.settings).places) == set(breaks)
    assert config.read_text(encoding="utf-8") == whole
    found = checked(scene.settings)
    assert (found.ok, found.exit_code) == (True, 0)
    assert f"{len(breaks) + 1} checkpoints up to" in sentence(found, git_place(scene))
    tell(f"places: {len(breaks)} out of reach one after the other, each named, each caught up")


def test_place_configured_wrongly_keeps_no_other_from_its_checkpoint(around: Surroundings) -> None:
    scene = around.scene
    witness = scene.settings.publish.witness
    assert witness is not None
    wrong = scene.settings.publish.model_copy(update={"witness": witness.model_copy(update={"key": "nonsense"})})
    scene.settings = scene.settings.model_copy(update={"publish": wrong})
    with pytest.raises(DoneInPart) as caught:
        scene.pull()
    assert [failure.partition(":")[0] for failure in caught.value.failures] == ["witness"]
    assert checked(scene.settings).exit_code == 6


def test_operator_who_writes_the_whole_ledger_anew_is_found_by_each_place_outside_and_by_no_other(
    around: Surroundings, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    scene = around.scene
    keep(scene, scene.folder / "empty", ("data",))
    scene.pull()
    more(scene, "18.00")
    mail, before = around.mail, checked(scene.settings).entries
    keep(scene, tmp_path / "honest")
    rewritten(scene, tmp_path)
    shutil.rmtree(scene.folder / "timestamps")  # what he holds himself he can throw away
    shutil.rmtree(scene.folder / "cosignatures")
    shutil.rmtree(scene.folder / "checkpoints.git")
    alone = checked(without_places(scene))
    assert (alone.ok, alone.entries) == (True, before), "the new ledger agrees with itself, as it would"
    assert "could have written all of it anew" in sentence(alone, "published")
    assert not checked(without_places(scene), handed=[mail]).ok
    finders = {"a kept mail"}
    git("init", "--quiet", "--bare", "--initial-branch=main", scene.folder / "checkpoints.git")
    git("--git-dir", scene.folder / "checkpoints.git", "remote", "add", "origin", around.far)
    found = checked(scene.settings)
    assert failed(found) >= {git_place(scene), f"{WITNESS}, asked now"}
    finders |= {"the git remote", "the witness"}
    put_back(scene, tmp_path / "honest", ("timestamps",))
    assert STAMP in failed(checked(scene.settings))
    put_back(scene, tmp_path / "honest", ("cosignatures",))
    assert WITNESS in failed(checked(scene.settings))
    finders |= {"a kept time stamp", "a kept cosignature"}
    with pytest.raises(DoneInPart) as caught:
        checkpoint(scene.settings)
    refused = {failure.partition(":")[0] for failure in caught.value.failures}
    assert refused == {"git", "timestamp", "witness"}, "nor do they take the new history"
    tell(f"the whole ledger written anew: not found from inside, found by each of {len(finders)}: {sorted(finders)}")


def test_ledger_cut_short_is_found_up_to_the_last_outside_checkpoint_and_not_after_it(
    around: Surroundings, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    scene = around.scene
    scene.pull()
    keep(scene, tmp_path / "first")
    more(scene, "18.00")
    mail = around.mail
    keep(scene, tmp_path / "second")
    scene.grades[810051] = "1.00"
    with open_ledger(scene.settings) as ledger:  # sealed and signed at home, published nowhere
        ledger.stage(scene.snapshot(COURSE), programme_digest=None, plan_id=None)
        ledger.seal()
        ledger.checkpoint()
    found = checked(scene.settings)
    assert (found.ok, found.unprotected_tail) == (True, 2)
    assert "the 2 entries after the last of them are not protected yet" in sentence(found, "published")
    put_back(scene, tmp_path / "second")  # cut after the last outside checkpoint: nobody can tell
    assert checked(scene.settings, handed=[mail]).ok
    put_back(scene, tmp_path / "first")  # cut before it, with everything that the operator holds
    found = checked(scene.settings, handed=[mail])
    finders = {git_place(scene), f"{WITNESS}, asked now", "given:kept.eml"}
    assert failed(found) == finders
    assert "gone" in sentence(found, "given:kept.eml")
    assert "the ledger has 20 of 22" in sentence(found, git_place(scene))
    tell(f"cut short: before the last outside checkpoint found by {len(finders)} of {len(finders)}, after it by none")


def test_verify_with_a_key_from_outside_finds_a_ledger_under_another_key(around: Surroundings, tmp_path: Path) -> None:
    scene = around.scene
    scene.pull()
    settings = without_places(scene)
    with open_ledger(scene.settings, readonly=True) as ledger:
        [public] = ledger.public_keys()
    text = base64.b64encode(public).decode()
    (tmp_path / "keys.txt").write_text(f"{note.verifier_key('test.example.org/ledger/2026', public)}\n")
    assert checked(settings, keys=[text]).ok
    assert checked(settings, keys=[str(tmp_path / "keys.txt")]).ok
    other = base64.b64encode(bytes(range(32))).decode()
    assert "signatures" in failed(checked(settings, keys=[other]))
    for wrong in ("nonsense", str(tmp_path), ""):
        with pytest.raises(UsageError, match="--key"):
            checked(settings, keys=[wrong])


def test_verify_file_that_was_given_is_read_whatever_it_is_and_refused_when_it_holds_nothing(
    around: Surroundings, tmp_path: Path
) -> None:
    scene = around.scene
    scene.pull()
    [file] = (scene.folder / "checkpoints").rglob("*.checkpoint")
    [cosigned] = (scene.folder / "cosignatures").rglob("*.cosigned")
    text = file.read_text(encoding="utf-8")
    texts = {
        "plain.checkpoint": text,
        "windows.txt": "\ufeff" + text.replace("\n", "\r\n"),
        "pasted.txt": f"Bonjour,\n\n{text}\nCordialement",
        "cut.txt": text.rstrip("\n"),
        "cosigned.txt": cosigned.read_text(encoding="utf-8"),
    }
    for name, content in texts.items():
        (tmp_path / name).write_bytes(content.encode())
        found = checked(without_places(scene), handed=[tmp_path / name])
        assert (found.ok, found.unprotected_tail) == (True, 0), name
        assert f"given:{name}, held" in sentence(found, f"given:{name}")
    (tmp_path / "forged.txt").write_text(text.replace("\n20\n", "\n21\n"))
    assert failed(checked(without_places(scene), handed=[tmp_path / "forged.txt"])) == {"given:forged.txt"}
    for name, content in (("empty.txt", b""), ("letter.eml", b"Subject: x\n\nBonjour"), ("noise.txt", b"\xff\x00")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UsageError, match="no checkpoint"):
            checked(scene.settings, handed=[tmp_path / name])


def test_report_and_pack_name_a_folder_on_the_ledgers_disk_as_no_copy_outside(
    around: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = around.scene
    scene.settings = without_places(scene)
    scene.pull()
    page = session_report(scene.settings, "2026-02-marseille", file=None, as_of=None).path.read_text(encoding="utf-8")
    assert "Aucune copie extérieure" in page
    assert "donc sans valeur de copie extérieure" in page
    monkeypatch.setattr("moodle_sync.workflows.publishing.same_disk", lambda settings, folder: False)
    page = session_report(scene.settings, "2026-02-marseille", file=None, as_of=None).path.read_text(encoding="utf-8")
    assert "que le compte qui tient le registre peut aussi écrire" in page
    assert "Aucune copie" not in page


def test_describe_says_what_each_place_is(around: Surroundings) -> None:
    scene = around.scene
    with open_ledger(scene.settings, readonly=True) as ledger, publishers(scene.settings, ledger) as places:
        names = [place.place for place in places]
    outside, beside = describe(scene.settings, names)
    assert beside == (f"dossier {scene.folder / 'checkpoints'}",)
    assert outside == (
        f"dépôt git {scene.folder / 'checkpoints.git'}, envoyé au dépôt distant origin",
        "courrier envoyé à cabinet.example.net",
        "horodatage RFC 3161 par 127.0.0.1",
        "contresignature du témoin witness.example.net/w1",
    )


def test_same_disk_is_told_of_a_folder_that_is_not_there_yet_and_unknown_for_a_server(around: Surroundings) -> None:
    settings = around.scene.settings
    assert same_disk(settings, around.scene.folder / "none" / "deep") is True
    for address, same in (
        ("127.0.0.1/ledger", True),  # its files may be anywhere on this machine: no copy is claimed
        ("localhost:5433/ledger", True),
        ("/ledger?host=/run/postgresql", True),
        ("/ledger", True),
        ("db.example.org/ledger", None),
        ("/ledger?host=db1.example.org,db2.example.org", None),
    ):
        server = settings.ledger.model_copy(update={"store": f"postgresql://{address}"})
        assert same_disk(settings.model_copy(update={"ledger": server}), around.scene.folder) is same, address


def test_doctor_counts_places_and_looks_at_each(around: Surroundings, tmp_path: Path) -> None:
    scene = around.scene
    found = {one.name: one for one in check_places(scene.settings)}
    assert [found[name].mark for name in ("git", "e-mail", "time stamp", "witness", "places")] == [Mark.OK] * 5
    assert found["places"].sentence.startswith("4 places for checkpoints away")
    assert "auditrice" not in str(found)
    few = {one.name: one for one in check_places(without_places(scene))}
    assert (few["places"].mark, set(few)) == (Mark.WARNING, {"checkpoints", "places"})
    assert few["places"].sentence.startswith("0 places")
    replace(tmp_path / "roots.pem", b"none")
    to = scene.settings.publish
    assert to.git
    assert to.email
    assert to.timestamp
    assert to.witness
    broken = to.model_copy(
        update={
            "git": to.git.model_copy(update={"remote": "upstream"}),
            "email": to.email.model_copy(update={"user": "registre", "password_env": "NOT_SET"}),
            "timestamp": to.timestamp.model_copy(update={"roots": tmp_path / "roots.pem"}),
            "witness": to.witness.model_copy(update={"key": "x"}),
        }
    )
    found = {one.name: one for one in check_places(scene.settings.model_copy(update={"publish": broken}))}
    assert [found[name].mark for name in ("git", "e-mail", "time stamp", "witness")] == [Mark.FAILED] * 4
    assert all(found[name].hint for name in ("e-mail", "time stamp", "witness"))


def test_certificates_of_the_tests_are_what_they_say(stamper: Authority) -> None:
    """The authority is a real one: its certificate may stamp, and is under the root that is trusted."""
    made = x509.load_pem_x509_certificate((stamper.folder / "tsa.pem").read_bytes())
    made.verify_directly_issued_by(x509.load_pem_x509_certificate(stamper.root.read_bytes()))
