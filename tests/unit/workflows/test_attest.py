"""ledger attest: every line or none, wrong lines named, the same file twice adds nothing, reports are as before."""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ledgerscene import COURSE, SESSION, Scene

from moodle_sync.cli import ledger_attest
from moodle_sync.errors import InputError, UsageError
from moodle_sync.facts.attested import ATTESTED_KINDS, Attendance, Complaint
from moodle_sync.workflows import attest as attest_workflow
from moodle_sync.workflows import erasure, proofs
from moodle_sync.workflows.attest_lines import asked, columns
from moodle_sync.workflows.erasure import Target
from moodle_sync.workflows.ledger import open_ledger, verify
from moodle_sync.workflows.report import session_report

GOOD = {
    "attendance": (
        "session,person,file,day,half,title,hours,present,trainer,learner_signed,trainer_signed",
        f'{SESSION},EXT-4471,feuille.pdf,{{day}},am,Pouvoir d\'agir,"3,5",oui,Ana Roux,oui,oui',
    ),
    "interview": (
        "session,person,file,when,reference,purpose,interviewer,outcome",
        f"{SESSION},zquintefeuille,feuille.pdf,2026-01-12 10:30,E-1,need_analysis,Ana Roux,besoin confirmé",
    ),
    "agreement": (
        "session,person,file,when,reference,document,step,party",
        f"{SESSION},,feuille.pdf,2026-01-13,D-17,quote,sent,SARL Les Genêts",
    ),
    "convocation": (
        "session,person,file,when,channel",
        f"{SESSION},userid:810051,feuille.pdf,2026-01-15,email",
    ),
    "complaint": (
        "session,person,file,when,reference,nature,step,text",
        f'{SESSION},,feuille.pdf,2026-01-16T09:00:00+01:00,R-3,incident,received,"salle froide,\ndeux heures"',
    ),
    "improvement_action": (
        "session,file,when,reference,source,text,owner,due,state",
        "site,feuille.pdf,2026-01-17,A-9,R-3,chauffage revu,Ana Roux,2026-03-01,planned",
    ),
    "appreciation": (
        "session,file,when,reference,stakeholder,answered,text",
        f"{SESSION},feuille.pdf,2026-01-18,F-2,funder,non,",
    ),
    "derogation": (
        "session,person,file,when,reference,rule,author,reason",
        f"{SESSION},EXT-5582,feuille.pdf,2026-01-19,X-1,délai d'inscription,Ana Roux,désistement tardif",
    ),
}

FREE = {"title", "trainer", "reference", "interviewer", "outcome", "party", "text", "source", "owner", "effect", "rule",
        "author", "reason"}  # fmt: skip
"""Columns of free text, of which a form has nothing to say."""


@pytest.fixture
def scene(scene: Scene) -> Scene:
    (scene.folder / "feuille.pdf").write_bytes(b"%PDF signed by both")
    return scene


@pytest.fixture
def write(scene: Scene) -> Callable[..., Path]:
    def do(kind: str, *lines: str, name: str = "lines.csv") -> Path:
        header, good = GOOD[kind]
        path = scene.folder / name
        text = "\n".join([header, *(lines or [good])])
        path.write_text(text.replace("{day}", _day(scene)) + "\n", encoding="utf-8")
        return path

    return do


def _day(scene: Scene) -> str:
    """The first training day of the session, as its file says it."""
    text = (scene.settings.paths.specs / "sessions" / f"{SESSION}.yaml").read_text(encoding="utf-8")
    found = re.search(r"date: (\d{4}-\d{2}-\d{2})", text)
    assert found is not None
    return found[1]


@pytest.fixture(autouse=True)
def late(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the session, whatever the day is on which the tests run."""
    from datetime import UTC, datetime

    monkeypatch.setattr(attest_workflow, "utc_now", lambda: datetime(2027, 6, 1, tzinfo=UTC))


def _attest(scene: Scene, path: Path, kind: str, **options: Any) -> attest_workflow.Attested:
    return attest_workflow.attest(scene.settings, path, kind, **{"attested_by": "Ana Roux", **options})


@pytest.mark.parametrize("kind", ATTESTED_KINDS)
def test_attest_each_kind_once_and_again(scene: Scene, write: Callable[..., Path], kind: str) -> None:
    path = write(kind)
    first = _attest(scene, path, kind)
    assert (first.new, first.changed, first.unchanged, first.sealed) == (1, 0, 0, 2)
    again = _attest(scene, path, kind)
    assert (again.new, again.changed, again.unchanged, again.sealed) == (0, 0, 1, 0)
    with open_ledger(scene.settings, readonly=True) as ledger:
        (sealed,) = [*ledger.attested(COURSE), *ledger.attested("site")]
    assert sealed.fact is not None
    assert (sealed.fact.kind, sealed.fact.attested_by) == (kind, "Ana Roux")
    assert sealed.fact.file.sha256 == hashlib.sha256(b"%PDF signed by both").hexdigest()
    assert (sealed.fact.file.name, sealed.fact.file.size) == ("feuille.pdf", 19)
    assert verify(scene.settings, payloads=True).ok


def test_attest_fields_are_what_the_line_says(scene: Scene, write: Callable[..., Path]) -> None:
    _attest(scene, write("attendance"), "attendance")
    _attest(scene, write("complaint"), "complaint")
    with open_ledger(scene.settings, readonly=True) as ledger:
        sheet, complaint = ledger.attested(COURSE)
    assert isinstance(sheet.fact, Attendance)
    assert (str(sheet.fact.hours), sheet.fact.present, sheet.fact.userid) == ("3.5", True, 810047)
    assert sheet.fact.payload()["hours"] == "3.5"
    assert sheet.person is not None
    assert sheet.person.fullname == "Zéphyrine Quintefeuille"
    assert isinstance(complaint.fact, Complaint)
    assert complaint.fact.text == "salle froide,\ndeux heures"
    assert complaint.fact.payload()["occurred_at"] == "2026-01-16T08:00:00Z"
    assert complaint.person is not None
    assert complaint.person.userid == 0


def test_attest_correction_points_at_the_entry_before(scene: Scene, write: Callable[..., Path]) -> None:
    good = GOOD["interview"][1]
    _attest(scene, write("interview"), "interview")
    changed = _attest(scene, write("interview", good.replace("confirmé", "à préciser")), "interview")
    assert (changed.new, changed.changed) == (0, 1)
    with open_ledger(scene.settings, readonly=True) as ledger:
        first, second = ledger.attested(COURSE)
    assert second.previous == (first.shard, first.idx)


def test_attest_changes_no_report_and_survives_a_pull(scene: Scene, write: Callable[..., Path]) -> None:
    from datetime import datetime

    def page() -> str:
        path = session_report(scene.settings, SESSION, file=scene.folder / "r.html", as_of=datetime(2026, 7, 1)).path  # noqa: DTZ001 (the session's own zone is meant)
        text = path.read_text(encoding="utf-8")
        return re.sub(r"(root|racine|[0-9a-f]{64}|\b\d+ (entrées|inscriptions)).*", "", text)

    with open_ledger(scene.settings, readonly=True) as ledger:
        before = [sealed.number for sealed in ledger.facts(COURSE)]
    text = page()
    for kind in ATTESTED_KINDS:
        _attest(scene, write(kind), kind)
    with open_ledger(scene.settings, readonly=True) as ledger:
        assert [sealed.number for sealed in ledger.facts(COURSE)] == before
        assert len(list(ledger.attested(COURSE))) == 7
    learners = re.findall(r"Quintefeuille|Brisemarais|Valcourbe", text)
    assert re.findall(r"Quintefeuille|Brisemarais|Valcourbe", page()) == learners
    assert scene.pull() == 0  # nothing that was attested vanishes because Moodle does not tell of it
    assert verify(scene.settings, payloads=True).ok


def test_attest_is_erased_with_the_person_and_proven_before(scene: Scene, write: Callable[..., Path]) -> None:
    _attest(scene, write("attendance"), "attendance")
    proven = proofs.prove_person(scene.settings, "EXT-4471", SESSION, scene.folder / "pack")
    assert proven.entries == 4
    assert "feuille d&#39;émargement" in (scene.folder / "pack" / "index.html").read_text(encoding="utf-8")
    erasure.erase(scene.settings, Target("EXT-4471", None), policy="rgpd-17", reason="request", yes=True)
    with open_ledger(scene.settings, readonly=True) as ledger:
        (sealed,) = ledger.attested(COURSE)
    assert (sealed.fact, sealed.person) == (None, None)
    assert verify(scene.settings, payloads=True).ok


WRONG: list[tuple[str, str, str, str]] = [
    ("interview", "zquintefeuille", "zquinte", "Write the external key"),
    ("interview", "zquintefeuille", "", "person\n    interview is about one person"),
    ("interview", "need_analysis", "chat", "purpose\n    one of need_analysis, admission, follow_up, final"),
    ("interview", "2026-01-12 10:30", "12/01/2026", "when\n    a date such as 2026-02-03"),
    ("interview", "2026-01-12 10:30", "2026-03-29 02:30", "does not exist"),
    ("interview", "2026-01-12 10:30", "2031-01-01", "in the future"),
    ("interview", "2026-01-12 10:30", "", "when\n    this is missing"),
    ("interview", "feuille.pdf", "nulle.pdf", "file\n    it cannot be read"),
    ("interview", "feuille.pdf", "", "no file is named"),
    ("interview", "E-1", "", "reference\n    this is missing"),
    ("interview", SESSION, "1999", "there is no session 1999"),
    ("interview", ",besoin confirmé", "", "7 values where there are 8 columns"),
    ("interview", "Ana Roux,besoin", '"Ana Roux,besoin', "not a line of CSV"),
    ("attendance", '"3,5"', "4", "nobody attended more"),
    ("attendance", '"3,5"', "beaucoup", "hours such as 3.5"),
    ("attendance", ",oui,Ana", ",non,Ana", "without being present"),
    ("attendance", ",oui,oui", ",oui,parfois", "trainer_signed\n    yes or no"),
    ("attendance", ",am,", ",soir,", "no such half-day"),
    ("attendance", "{day}", "2026-07-14", "no such half-day"),
    ("improvement_action", "2026-03-01", "bientôt", "due\n    a date such as"),
]


@pytest.mark.parametrize(("kind", "old", "new", "message"), WRONG)
def test_attest_wrong_line_is_named_and_nothing_of_the_file_is_attested(
    scene: Scene, write: Callable[..., Path], kind: str, old: str, new: str, message: str
) -> None:
    good = GOOD[kind][1]
    assert old in good
    other = good.replace("E-1", "E-2").replace(",am,", ",pm,").replace("A-9", "A-10")
    path = write(kind, other, good.replace(old, new, 1))
    with open_ledger(scene.settings, readonly=True) as ledger:
        before = (ledger.size(), ledger.pending())
    with pytest.raises(InputError) as caught:
        _attest(scene, path, kind)
    assert f"{path}:3:1" in str(caught.value)
    assert message in str(caught.value)
    assert "Nothing of this file was attested" in str(caught.value)
    with open_ledger(scene.settings, readonly=True) as ledger:
        assert (ledger.size(), ledger.pending()) == before
        assert list(ledger.attested(COURSE)) == []


def test_attest_every_problem_of_a_file_at_once(scene: Scene, write: Callable[..., Path]) -> None:
    good = GOOD["interview"][1]
    path = write(
        "interview", good.replace("E-1", ""), good, good.replace("need_analysis", "x"), good.replace("Ana", "")
    )
    with pytest.raises(InputError) as caught:
        _attest(scene, path, "interview")
    assert [(one.line, one.where) for one in caught.value.problems] == [(2, "reference"), (4, "purpose"), (5, "")]
    assert "otherwise than line 3" in caught.value.problems[2].message
    assert "Quintefeuille" not in str(caught.value)


def test_attest_same_line_twice_counts_once(scene: Scene, write: Callable[..., Path]) -> None:
    good = GOOD["interview"][1]
    assert _attest(scene, write("interview", good, "", good), "interview").new == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"\xff\xfe", "UTF-16"),
        (b"session,person\nx,y\n", "the columns of interview are session, person, when"),
        (b"file,file\nx,y\n", "wrong here: file"),
        (b"file,hobby\nx,y\n", "wrong here: hobby"),
        (b"session;person;file;when;reference;purpose;interviewer\n", "no line below"),
    ],
)
def test_attest_wrong_file_is_refused(scene: Scene, content: bytes, message: str) -> None:
    path = scene.folder / "wrong.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        _attest(scene, path, "interview")
    with pytest.raises(InputError, match="No such file"):
        _attest(scene, scene.folder / "none.csv", "interview")


def test_attest_semicolons_and_defaults(scene: Scene) -> None:
    path = scene.folder / "a.csv"
    path.write_text("file;when;reference;stakeholder;answered\nfeuille.pdf;2026-01-18;F-2;funder;oui\n", "utf-8")
    assert _attest(scene, path, "appreciation", session=SESSION).new == 1
    with pytest.raises(InputError, match="no session is named"):
        _attest(scene, path, "appreciation")
    with pytest.raises(InputError, match="nobody attests this"):
        _attest(scene, path, "appreciation", session=SESSION, attested_by=None)
    with pytest.raises(UsageError, match="no session 1999"):
        _attest(scene, path, "appreciation", session="1999")
    with pytest.raises(UsageError, match="no kind that can be attested"):
        _attest(scene, path, "rumour")


def test_attest_somebody_of_whom_nothing_was_pulled(scene: Scene, write: Callable[..., Path]) -> None:
    path = write("convocation", GOOD["convocation"][1].replace("810051", "999"))
    assert _attest(scene, path, "convocation").new == 1
    assert verify(scene.settings, payloads=True).ok


def test_attest_command_runs_and_lists_its_columns(scene: Scene, write: Callable[..., Path], capsys: Any) -> None:
    words = [
        str(write("interview")),
        "--kind",
        "interview",
        "--by",
        "Ana",
        "--config",
        str(scene.folder / "config.toml"),
    ]
    assert ledger_attest.attest.main(words, standalone_mode=False) == 0
    assert "1 new" in capsys.readouterr().out
    assert columns("convocation") == ("session", "person", "when", "attested_by", "file", "channel")


def test_form_enters_what_a_line_of_a_file_would(scene: Scene, write: Callable[..., Path]) -> None:
    """Kind by kind: the same cells, once as a form and once as a file, are the same fact."""
    for kind, (header, line) in GOOD.items():
        cells = dict(zip(header.split(","), next(csv.reader([line.replace("{day}", _day(scene))])), strict=True))
        if kind == "complaint":
            cells["text"] = "salle froide,\ndeux heures"
        cells["file"] = str(scene.folder / "feuille.pdf")
        by_form = attest_workflow.attest_form(scene.settings, cells, kind, attested_by="Ana Roux")
        assert (by_form.lines_read, by_form.new) == (1, 1), kind
        by_file = attest_workflow.attest(scene.settings, write(kind), kind, attested_by="Ana Roux")
        assert (by_file.new, by_file.changed, by_file.unchanged) == (0, 0, 1), kind


def test_form_asks_every_column_that_a_file_may_have() -> None:
    for kind in ATTESTED_KINDS:
        names = [name for name, _, _ in asked(kind)]
        left = set(columns(kind)) - set(names)
        assert left <= {"person", "when"}, kind
        assert all(words or name in FREE for name, words, _ in asked(kind)), kind
    required = {name for name, _, required in asked("interview") if required}
    assert required == {"session", "person", "when", "attested_by", "file", "reference", "purpose", "interviewer"}


def test_form_every_problem_at_once_and_nothing_entered(scene: Scene) -> None:
    cells = {"session": SESSION, "person": "EXT-4471", "when": "tomorrow", "file": "nowhere.pdf", "purpose": "chat"}
    with pytest.raises(InputError) as caught:
        attest_workflow.attest_form(scene.settings, cells, "interview", attested_by="Ana Roux")
    said = {problem.where for problem in caught.value.problems}
    assert {"when", "file"} <= said
    with pytest.raises(UsageError, match="wrong here: hours"):
        attest_workflow.attest_form(scene.settings, {"hours": "3"}, "interview")
    with open_ledger(scene.settings) as ledger:
        assert ledger.pending() == 0


def test_form_at_a_terminal_asks_for_what_is_not_said(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    questions: list[str] = []
    answers = {"when": "2026-01-12 10:30", "reference": "E-1", "purpose": "need_analysis", "interviewer": "Ana Roux"}

    def ask(label: str, **_: object) -> str:
        questions.append(label)
        return answers.get(label.split(" ")[0], "")

    monkeypatch.setattr(ledger_attest.click, "prompt", ask)
    monkeypatch.setattr(ledger_attest.sys, "stdin", type("Terminal", (), {"isatty": staticmethod(lambda: True)}))
    said = ("person=EXT-4471", f"file={scene.folder / 'feuille.pdf'}")
    cells = ledger_attest._form("interview", said, {"session": SESSION, "attested_by": "Ana Roux"})
    assert [label.split(" ")[0] for label in questions] == ["when", "reference", "purpose", "interviewer", "outcome"]
    assert "need_analysis, admission" in questions[2]
    done = attest_workflow.attest_form(scene.settings, cells, "interview", session=SESSION, attested_by="Ana Roux")
    assert done.new == 1


@pytest.mark.parametrize("said", [("when",), ("when=1", "when=2")])
def test_form_answers_that_are_none_are_refused(said: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="each column once"):
        ledger_attest._form("interview", said, {})
