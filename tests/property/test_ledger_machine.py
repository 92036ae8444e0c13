"""Stage, seal, checkpoint, reopen, rename, erase and change of year in any order, against a model in plain lists."""

from __future__ import annotations

import shutil
import tempfile
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from databases import Database
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from moodle_sync.facts.models import Grade, Person, Snapshot, Vanished
from moodle_sync.ledger import Ledger, Places, Staged, merkle, note
from moodle_sync.ledger.erasing import Act
from moodle_sync.ledger.nodes import StoredNodes
from moodle_sync.ledger.people import find
from moodle_sync.publish.file import FilePublisher, read_published
from moodle_sync.store import checkpoints

COURSES = ("sag:a@1", "sag:b@1")
TRIED = dict.fromkeys(("machines", "stages", "seals", "pairs", "reopened", "erased"), 0)
EXAMPLES = {"sqlite": 50, "postgres": 12}
_START: list[Callable[[Path], Places]] = []


def _places(url: str, folder: Path) -> Places:
    return Places(url, folder / "keystore.db", folder / "signing.key", "example.org/registre", folder / "master.key")


@contextmanager
def _template(database: Database) -> Iterator[None]:
    # Making a ledger costs a dozen fsyncs: it is made once and copied.
    with tempfile.TemporaryDirectory() as name:
        Ledger.init(_places(database.url, Path(name)), environ={})
        saved = database.save(Path(name))

        def start(folder: Path) -> Places:
            shutil.copytree(name, folder, dirs_exist_ok=True)
            database.load(saved)
            return _places(database.url, folder)

        _START.append(start)
        try:
            yield
        finally:
            _START.clear()


CHANGES = st.dictionaries(
    st.tuples(st.integers(1, 2), st.integers(1, 3)), st.sampled_from([0, 1, 2, None]), min_size=1, max_size=4
)


class Machine(RuleBasedStateMachine):
    """The model: what Moodle says, what was last said of each object, and the history of each object."""

    def __init__(self) -> None:
        super().__init__()
        TRIED["machines"] += 1
        self.folder = Path(tempfile.mkdtemp())
        self.places = _START[0](self.folder)
        self.outside = self.folder / "outside"
        self.outside.mkdir()
        self.now = datetime(2026, 2, 3, tzinfo=UTC)
        self.ledger = self._open()
        self.moodle: dict[str, dict[tuple[int, int], int]] = {course: {} for course in COURSES}
        self.names: dict[int, str] = {}
        self.known: dict[tuple[str, str], str] = {}
        self.staged: list[list[tuple[str, str, str]]] = []  # one list a run, of (course, object, state)
        self.sealed: list[tuple[str, str, str]] = []
        self.runs = self.links = self.erasures = 0
        self.erased: dict[str, int] = dict.fromkeys(COURSES, 0)
        self.shards: list[int] = []
        self.people: dict[tuple[str, int], str] = {}  # a session knows a new name once it is pulled

    def _open(self) -> Ledger:
        return Ledger.open(self.places, clock=lambda: self.now, environ={})

    @rule(course=st.sampled_from(COURSES), changes=CHANGES)
    def change(self, course: str, changes: dict[tuple[int, int], int | None]) -> None:
        for place, value in changes.items():
            self.moodle[course].pop(place, None)
            if value is not None:
                self.moodle[course][place] = value

    @rule(userid=st.integers(1, 3), name=st.sampled_from(["Zoé", "Zoe\u0301", "Ana", ""]))
    def rename(self, userid: int, name: str) -> None:
        self.names[userid] = name

    @rule(course=st.sampled_from(COURSES), complete=st.booleans(), shuffle=st.randoms(use_true_random=False))
    def stage(self, course: str, complete: bool, shuffle: Any) -> None:
        TRIED["stages"] += 1
        facts = [self._fact(course, item, userid, value) for (item, userid), value in self.moodle[course].items()]
        shuffle.shuffle(facts)
        snapshot = Snapshot(
            site="main",
            course=course,
            release="5.1",
            observed_at=self.now,
            complete=frozenset({"grade"} if complete else set()),
            facts=tuple(facts),
            people={fact.userid: Person(userid=fact.userid, fullname=self._name(fact.userid)) for fact in facts},
            definitions={},
            warnings=(),
            calls=1,
            requests=1,
        )
        said = {fact.object_id: str(fact.grade) for fact in facts}
        run, counts = self._model(course, said, complete)
        assert self.ledger.stage(snapshot, programme_digest=None, plan_id=None) == Staged(**counts)
        self.people |= {(course, fact.userid): self._name(fact.userid) for fact in facts}
        if run:
            self.staged.append(run)

    def _model(self, course: str, said: dict[str, str], complete: bool) -> tuple[list[tuple[str, str, str]], Any]:
        counts = {"new": 0, "changed": 0, "vanished": 0, "unchanged": 0}
        run = []
        for name, state in said.items():
            last = self.known.get((course, name))
            counts["unchanged" if last == state else "new" if last is None else "changed"] += 1
            if last != state:
                run.append((course, name, state))
        for (other, name), last in self.known.items():
            if complete and other == course and name not in said and last != "gone":
                run.append((course, name, "gone"))
                counts["vanished"] += 1
        self.known |= {(course, name): state for _, name, state in run}
        return run, counts

    @rule()
    def seal(self) -> None:
        TRIED["seals"] += 1
        sealed = self.ledger.seal()
        facts = [fact for run in self.staged for fact in run]
        if self.staged:
            self._open_year()
            self.runs += len(self.staged)
        assert sealed.facts == len(facts)
        assert sealed.shard == self.now.year or not facts
        self.sealed += facts
        self.staged = []

    def _open_year(self) -> None:
        if not self.shards or self.shards[-1] != self.now.year:
            self.links += bool(self.shards)
            self.shards.append(self.now.year)

    @precondition(lambda self: self.people)
    @rule(chosen=st.randoms(use_true_random=False))
    def erase(self, chosen: Any) -> None:
        TRIED["erased"] += 1
        course, userid = chosen.choice(sorted(self.people))
        with self.ledger.store.read() as transaction:
            (known,) = find(transaction, self.ledger.keystore, "main", f"userid:{userid}", course)
        theirs = [(one, name, state) for one, name, state in self.sealed if (one, _user(name)) == (course, userid)]
        waiting = [fact for run in self.staged for fact in run if (fact[0], _user(fact[1])) == (course, userid)]
        erased = self.ledger.erase([known.pseudonym], Act("rgpd-17", "request"))
        assert (erased.entries, erased.pending) == (len(theirs), len(waiting))
        self._open_year()
        self.erasures += 1
        self.erased[course] += len(theirs)
        self.sealed = [fact for fact in self.sealed if (fact[0], _user(fact[1])) != (course, userid)]
        self.staged = [[fact for fact in run if fact not in waiting] for run in self.staged]
        self.known = {key: state for key, state in self.known.items() if (key[0], _user(key[1])) != (course, userid)}
        del self.people[course, userid]

    @rule(course=st.sampled_from(COURSES), changes=CHANGES, shuffle=st.randoms(use_true_random=False))
    def pull(self, course: str, changes: dict[tuple[int, int], int | None], shuffle: Any) -> None:
        self.change(course, changes)
        self.stage(course, True, shuffle)
        self.seal()
        self.checkpoint()

    @rule()
    def checkpoint(self) -> None:
        published = self.ledger.checkpoint([FilePublisher(self.outside)])
        assert (published is None) == (not self.shards)

    @rule()
    def reopen(self) -> None:
        TRIED["reopened"] += 1
        self.ledger.close()
        self.ledger = self._open()

    @rule(days=st.sampled_from([1, 200, 400]))
    def wait(self, days: int) -> None:
        self.now += timedelta(days=days)

    @invariant()
    def counts_agree(self) -> None:
        facts = len(self.sealed) + sum(self.erased.values())
        assert self.ledger.size() == facts + self.runs + self.links + self.erasures
        assert self.ledger.pending() == sum(len(run) + 1 for run in self.staged)

    def teardown(self) -> None:
        try:
            self._history_agrees()
            self._checkpoints_agree()
            verification = self.ledger.verify(published=read_published(self.outside))
            assert verification.ok, [check for check in verification.checks if not check.ok]
        finally:
            self.ledger.close()
            shutil.rmtree(self.folder)

    def _history_agrees(self) -> None:
        for course in COURSES:
            found: dict[str, list[str]] = {}
            last: dict[str, tuple[int, int]] = {}
            places = []
            gone = 0
            for sealed in self.ledger.facts(course):
                if sealed.fact is None:
                    assert sealed.person is None
                    gone += 1
                    continue
                assert sealed.person is not None
                assert sealed.person.fullname == unicodedata.normalize("NFC", self.people[course, sealed.fact.userid])
                name = sealed.fact.object_id
                assert sealed.previous == last.get(name)
                last[name] = (sealed.shard, sealed.idx)
                places.append((sealed.shard, sealed.idx))
                state = "gone" if isinstance(sealed.fact, Vanished) else str(getattr(sealed.fact, "grade", None))
                found.setdefault(name, []).append(state)
            model: dict[str, list[str]] = {}
            for one, name, state in self.sealed:
                if one == course:
                    model.setdefault(name, []).append(state)
            assert found == model
            assert gone == self.erased[course]
            assert places == sorted(places)

    def _checkpoints_agree(self) -> None:
        with self.ledger.store.read() as transaction:
            rows = checkpoints.every(transaction)
            points = [note.verify(row.note, self.ledger.public_keys()) for row in rows]
            for first in points:
                for second in points:
                    if first.shard == second.shard and first.size <= second.size:
                        nodes = StoredNodes(transaction, first.shard)
                        proof = merkle.consistency_proof(first.size, second.size, nodes)
                        merkle.verify_consistency(first.size, second.size, proof, first.root, second.root)
                        TRIED["pairs"] += 1

    def _name(self, userid: int) -> str:
        return self.names.get(userid, f"Élève {userid}")

    def _fact(self, course: str, item: int, userid: int, value: int) -> Grade:
        return Grade(
            course=course,
            userid=userid,
            occurred_at=None,
            wsfunction="gradereport_user_get_grade_items",
            item_id=item + 10 * COURSES.index(course),
            item_type="mod",
            modname=None,
            cmid=None,
            activity=None,
            grade=Decimal(value),
            grade_min=Decimal(0),
            grade_max=Decimal(2),
            overridden=False,
            hidden=False,
            locked=False,
        )


def _user(name: str) -> int:
    return int(name.rpartition(":")[2])


def test_ledger_in_any_order_agrees_with_the_model(database: Database, capsys: Any) -> None:
    TRIED.update(dict.fromkeys(TRIED, 0))
    with _template(database):
        Machine.TestCase.settings = settings(
            max_examples=EXAMPLES[database.kind],
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        Machine.TestCase().runTest()
    with capsys.disabled():
        print(f"\nledger machine on {database.kind}: {TRIED}")
    assert min(TRIED.values()) > EXAMPLES[database.kind] // 5  # whatever came, each step came
