import os
import re
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from moodle_sync.compliance.sentences import STATE_WORDS
from moodle_sync.compliance.view import ActivityState, ObjectiveState, QuestionnaireLine
from moodle_sync.reports import session_report
from moodle_sync.reports.html import ACTIVITY_SYMBOLS, SYMBOLS, french_spaces

VOID = {"meta", "br", "col", "link", "img", "input", "hr"}


class Outline(HTMLParser):
    """Elements in order, with their attributes; fails on one that is not closed in turn."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.found = []
        self.texts = []
        self._open = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if self._open[-1:] != ["style"]:
            self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


@pytest.fixture(scope="module")
def outline(page):
    return Outline(page)


def test_page_names_every_learner_and_objective(sample, outline):
    view = sample.view()
    assert len(view.learners) == 5
    assert len(view.objectives) == 8
    for name in [row.name for row in view.learners] + [head.key for head in view.objectives]:
        assert name in outline.text
    for head in view.objectives:
        assert french_spaces(head.title) in page_text(outline)


def page_text(outline):
    return "".join(outline.texts)


def test_page_shows_hours_as_planned_and_no_trace_of_attendance(page):
    assert "heures prévues" in page
    assert "70 h" in page
    assert "présence : aucune trace" in page


def test_page_claims_nothing_that_the_ledger_does_not_show(outline):
    words = outline.text.casefold()
    for claim in ("conforme", "certifi", "garanti", "prouvé"):
        assert claim not in words


def test_page_loads_nothing_and_runs_nothing(page, outline):
    assert "http:" not in page
    assert "https:" not in page
    assert "url(" not in page
    assert "@import" not in page
    tags = {tag for tag, _ in outline.found}
    assert tags.isdisjoint({"script", "link", "img", "iframe", "object", "embed", "form", "base"})
    names = {name for _, attributes in outline.found for name in attributes}
    assert not {name for name in names if name.startswith("on")}
    assert names.isdisjoint({"href", "src", "srcset", "action"})


def test_page_is_french_with_one_title_and_headings_in_order(outline):
    assert dict(outline.found)["html"] == {"lang": "fr"}
    levels = [int(tag[1]) for tag, _ in outline.found if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_page_tables_have_scoped_heads(outline):
    heads = [attributes for tag, attributes in outline.found if tag == "th"]
    assert heads
    assert {attributes.get("scope") for attributes in heads} == {"col", "row"}


def test_page_ids_are_unique_and_referred_to(outline):
    ids = [attributes["id"] for _, attributes in outline.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {attributes["aria-labelledby"] for _, attributes in outline.found if "aria-labelledby" in attributes} == {
        *ids
    }


def test_every_cell_of_the_matrix_has_a_symbol_a_word_and_its_evidence(sample, page):
    view = sample.view()
    cells = re.findall(
        r'<td class="s-(\w+)"><details name="cell"><summary>(.*?)</summary>(.*?)</details></td>', page, re.S
    )
    expected = [cell for row in view.learners for cell in row.cells]
    assert len(cells) == len(expected) == 40
    for (state, summary, panel), cell in zip(cells, expected, strict=True):
        assert state == cell.state
        assert SYMBOLS[cell.state] in summary
        assert STATE_WORDS[cell.state] in summary
        for entry in cell.finding.entries:
            assert f"n° {entry}" in panel
        for assessment in cell.assessments if cell.state != "no_activity" else ():
            for line in assessment.lines:
                assert line.source in panel


def test_every_state_has_a_symbol_of_its_own():
    assert set(SYMBOLS) == set(ObjectiveState)
    assert len({*SYMBOLS.values()}) == len(SYMBOLS)
    assert set(ACTIVITY_SYMBOLS) == set(ActivityState)
    assert len({*ACTIVITY_SYMBOLS.values()}) == len(ACTIVITY_SYMBOLS)


def test_sample_shows_every_state_of_an_objective(sample):
    assert {cell.state for row in sample.view().learners for cell in row.cells} == set(ObjectiveState)


def test_names_and_texts_are_escaped(sample):
    item = sample.scene.green(name="<b>Zoé</b> & \"Cie\" <script>alert('x')</script>")
    view = replace(item.view(), title="<i>Titre</i>", place="</style><u>Lyon</u>")
    text = session_report(view, replace(sample.CONTEXT, site="<em>site</em>"))
    for raw in ("<b>", "<script", "<i>Titre", "<u>", "<em>site"):
        assert raw not in text
    assert "&lt;b&gt;Zoé&lt;/b&gt;" in text
    Outline(text)


def test_erased_learner_is_not_named(sample, page):
    assert "Personne Effacée" not in page
    assert "effacé 5b0e77d1" in page


@pytest.mark.parametrize("simulated", [True, False])
def test_banner_stands_only_where_data_are_simulated(sample, simulated):
    text = session_report(sample.view(), replace(sample.CONTEXT, simulated=simulated))
    assert ("Données simulées" in text) is simulated


def test_seal_says_what_protects_the_entries(sample):
    view, checkpoint = sample.view(), sample.CONTEXT.checkpoint

    def said(**changes):
        return session_report(view, replace(sample.CONTEXT, **changes))

    assert "dépôt git" in said()
    assert "ucune copie extérieure" in said(checkpoint=replace(checkpoint, published=()))
    assert "Aucun point de contrôle" in said(checkpoint=None)
    assert "ne sont pas encore couvertes" not in said()
    assert "ne sont pas encore couvertes" in said(checkpoint=replace(checkpoint, size=53))


@pytest.mark.parametrize(
    ("entry", "covered"), [("2026/53", True), ("2026/54", False), ("2025/900", True), ("2027/0", False)]
)
def test_checkpoint_covers_the_entries_before_its_size(sample, entry, covered):
    assert sample.CONTEXT.checkpoint.covers(entry) is covered


def test_page_of_a_session_with_nobody_and_nothing_says_so(sample):
    text = session_report(sample.scene.small().view(), replace(sample.CONTEXT, last_entry=""))
    assert "Aucune inscription au registre" in text
    assert "Aucun stagiaire n'a été observé" in text
    Outline(text)


def test_page_of_an_earlier_moment_says_what_it_leaves_out(sample):
    view = sample.build().view(sample.scene.utc("2026-03-01T12:00:00"))
    text = Outline(session_report(view, sample.CONTEXT)).text
    assert view.left_out == 14
    assert f"D'après {view.entries} inscriptions au registre, jusqu'au n° {view.last_entry}" in text
    assert "14 inscriptions, observées après la date de cette page, ne sont pas prises en compte" in text
    assert "le registre va jusqu'au n° 2026/53" in text


def test_page_shows_surveys_in_time_and_apart_from_objectives(sample):
    survey = {"feedback": "positionnement", "title": "À chaud", "survey": "chaud", "role": "satisfaction_survey"}
    dates = {"opens": "day 2", "due": "end+1d", "complete_when": ["submitted"]}
    item = sample.scene.green(sample.scene.small(outside_modules__0=survey | dates))
    text = session_report(item.view(), sample.CONTEXT)
    assert "Recueil des appréciations" in text
    assert "recueil des appréciations : n'évalue aucun objectif" in text
    Outline(text)


def test_french_spaces_do_not_break_where_french_allows_none():
    assert french_spaces("« A » : 17 h 30 ; n° 2026/17 ?") == (
        "«\u00a0A\u00a0»\u00a0: 17\u00a0h\u00a030\u00a0; n°\u00a02026/17\u00a0?"
    )


def test_page_is_the_same_bytes_in_any_zone_locale_and_hash_seed(sample, page):
    script = sample.__file__
    pages = set()
    settings = [("UTC", "C", "0"), ("Asia/Tokyo", "de_DE.UTF-8", "1"), ("America/Cayenne", "ar_EG.UTF-8", "4242")]
    for zone, language, seed in settings:
        environment = os.environ | {"TZ": zone, "LANG": language, "LC_ALL": language, "PYTHONHASHSEED": seed}
        run = subprocess.run([sys.executable, script], env=environment, capture_output=True, check=True)
        pages.add(run.stdout)
    print(f"{len(settings)} environments, {len(pages)} page(s) of {len(page.encode())} bytes")
    assert pages == {page.encode()}


def test_page_says_of_each_questionnaire_how_many_answered_and_the_mean_or_why_there_is_none(sample):
    when = sample.view().as_of
    told = QuestionnaireLine("Avis & co", True, when, 7, 6, Decimal("7.78"), "", gone=False, entries=("2026/40",))
    few = QuestionnaireLine("Suivi", True, when, None, 3, None, "trop peu", gone=True, entries=("2026/41",))
    open_ = QuestionnaireLine("Besoins", False, None, None, None, None, "ouvert", gone=False, entries=())
    text = session_report(replace(sample.view(), questionnaires=(told, few, open_)), sample.CONTEXT)
    outline = Outline(text)
    page = outline.text.replace("\N{NO-BREAK SPACE}", " ")
    assert "Avis & co recueil des appréciations" in page
    assert "6 sur 7 7,78 / 10 n° 2026/40" in page
    assert "n'est plus dans Moodle 3 trop peu n° 2026/41" in page
    assert "Besoins non – ouvert aucune" in page
    without = session_report(replace(sample.view(), questionnaires=()), sample.CONTEXT)
    assert "Les questionnaires" not in without
