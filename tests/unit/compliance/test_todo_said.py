"""What needs somebody, line by line: what it says, who acts, by when, about whom, and on which rule it rests."""

import pytest

from moodle_sync.compliance import Verdict, sentences

OVERDUE_CARTE = "dépassée depuis 4 jours (29 mars 2026 à 23 h 59)"


def group(scene, names=("Ana Bel", "Cyr Duc", "Eva Fil"), **changes):
    item = scene.small(**changes)
    for number, name in enumerate(names):
        item.person(f"a{number}", 50 + number, name)
        item.enrol(f"a{number}")
    return item


def todos(item, as_of=None):
    return (item.view(as_of) if as_of else item.view()).todos


def starting(item, text, as_of=None):
    return [todo for todo in todos(item, as_of) if todo.sentence.startswith(text)]


def only(item, text, as_of=None):
    (found,) = starting(item, text, as_of)
    return found


# ---- enrolments --------------------------------------------------------------------------------------------------


def test_todo_of_late_and_undated_enrolments_counts_and_names_the_learners(scene):
    item = scene.small(capacity={"min": 1, "max": 9})
    dates = {"a0": "2026-03-21T10:00:00", "a1": "2026-03-22T10:00:00", "b0": None, "b1": None, "b2": None, "c0": None}
    for number, (subject, at) in enumerate(dates.items()):
        item.person(subject, 50 + number, f"Personne {subject}")
        seen = scene.BEFORE if subject == "c0" else scene.utc("2026-03-23T02:00:00")
        item.enrol(subject, seen, occurred_at=at and scene.utc(at))
    found = [todo for todo in todos(item) if todo.finding.rule == "enrolled"]
    assert [(todo.sentence, todo.who, todo.deadline, todo.learners) for todo in found] == [
        (
            "2 stagiaires inscrits après la date limite : dérogation à consigner",
            "l'organisme de formation", "sans échéance", ("Personne a0", "Personne a1"),
        ),
        (
            "3 stagiaires dont on ne sait pas si l'inscription précède la date limite",
            "l'organisme de formation", "sans échéance", ("Personne b0", "Personne b1", "Personne b2"),
        ),
    ]  # fmt: skip
    assert [todo.finding.verdict for todo in found] == [Verdict.BREACH, Verdict.UNKNOWN]
    assert [todo.finding.entries for todo in found] == [("2026/11", "2026/12"), ("2026/13", "2026/14", "2026/15")]


def test_todo_of_learners_who_left_or_were_erased_asks_nothing_more(scene):
    item = group(scene, names=("Ana Bel", "Cyr Duc", "Eva Fil"))
    item.enrol("a0", scene.NIGHT, active=False)
    item.enrol("a1", scene.NIGHT, roles=("guest",))
    item.erase("a2")
    found = [todo for todo in todos(item) if todo.finding.rule != "capacity"]
    assert [(todo.sentence, todo.who, todo.learners) for todo in found] == [
        (f"Ana Bel {sentences.ENROLMENT_INACTIVE} ; motif à consigner", "l'organisme de formation", ("Ana Bel",)),
        ("Cyr Duc n'a plus le rôle de stagiaire ; motif à consigner", "l'organisme de formation", ("Cyr Duc",)),
    ]


# ---- objectives --------------------------------------------------------------------------------------------------


def states(scene, item):
    """Seven learners whom the card finds in every state, and what is asked for each."""
    at = scene.utc("2026-03-26T10:00:00")
    fill = {name: {"synergies": 5, "note": 1} for name in ("gone", "self", "alien")}
    fill |= {"open": {"synergies": 5, "note": None}, "weak": {"synergies": 1, "note": 1}}
    entries = {}
    for number, name in enumerate(("none", "open", "weak", "gone", "self", "alien", "copy")):
        item.person(name, 50 + number, name)
        item.enrol(name)
        if name in fill:
            over = {"rater": 50 + number} if name == "self" else {}
            if name == "alien":
                over["criteria"] = item.criteria("M1.plan", {"clarte": 1})
            entries[name] = item.fill(name, "M1.carte", fill[name], at, **over)
    for cmid in (1, 2):
        item.fill("copy", "M1.carte", {"synergies": 5, "note": 1}, at, cmid=cmid)
    item.vanish(entries["gone"], scene.utc("2026-03-27T02:00:00"))
    return item


def test_todos_of_an_objective_say_each_state_apart_with_who_acts(scene):
    item = states(scene, scene.small())
    found = starting(item, "objectif O1")
    other = "la grille remplie n'est pas celle du programme"
    asked = [(todo.sentence.removeprefix("objectif O1 : "), todo.who, todo.learners) for todo in found]
    assert [(text.split(" : " + other)[0], *rest) for text, *rest in asked] == [
        ("1 grille non remplie", "les formateurs (correction) et les stagiaires (remise)", ("none",)),
        ("1 stagiaire ne l'a pas acquis", "les formateurs", ("weak",)),
        ("1 évaluation commencée, non terminée", "les formateurs", ("open",)),
        ("1 évaluation disparue de Moodle", "l'administrateur de Moodle", ("gone",)),
        (f"1 évaluation qui ne peut être lue : {sentences.TWO_OBJECTS}", "le responsable pédagogique", ("copy",)),
        (f"1 évaluation qui ne peut être lue : {sentences.SELF_GRADED}", "le responsable pédagogique", ("self",)),
        ("1 évaluation qui ne peut être lue", "le responsable pédagogique", ("alien",)),
    ]
    assert {todo.finding.objective for todo in found} == {"O1"}
    assert {todo.finding.rule for todo in found} == {"objective_acquired"}
    assert [todo.deadline for todo in found] == [OVERDUE_CARTE] * 3 + ["sans échéance"] * 4


def test_todo_of_an_objective_groups_learners_of_one_state_whatever_its_reason(scene):
    item = group(scene)
    for subject, synergies in (("a0", 0), ("a1", 3), ("a2", 3)):
        item.fill(subject, "M1.carte", {"synergies": synergies, "note": 1}, scene.utc("2026-03-26T10:00:00"))
    found = only(item, "objectif O1")
    assert found.sentence == "objectif O1 : 3 stagiaires ne l'ont pas acquis"
    assert (found.learners, len(found.finding.entries)) == (("Ana Bel", "Cyr Duc", "Eva Fil"), 3)


def test_todo_of_an_objective_without_a_rule_is_the_managers(scene):
    item = scene.green(scene.small(modules__0__activities__1__acquired_when=None))
    found = only(item, "objectif O1")
    assert (found.sentence, found.who, found.deadline) == (
        "objectif O1 : règle d'acquisition à confirmer, 1 stagiaire déjà évalué",
        "le responsable pédagogique",
        "sans échéance",
    )


@pytest.mark.parametrize(
    ("assesses", "text"),
    [(["O1"], "1 grille non remplie"), (["O3"], "1 évaluation non observée")],
)
def test_todo_speaks_of_a_rubric_only_where_every_activity_has_one(scene, assesses, text):
    # O1 by two rubrics; O3 by a rubric and a grade
    item = group(scene, ("Ana Bel",), modules__0__activities__2__assesses=assesses)
    assert only(item, f"objectif {assesses[0]}").sentence == f"objectif {assesses[0]} : {text}"


def test_todo_of_an_objective_that_several_activities_assess_is_due_by_the_first_and_says_what_is_unknown(scene):
    item = group(scene, modules__0__activities__2__assesses=["O1"])
    at = scene.utc("2026-03-26T10:00:00")
    item.fill("a0", "M1.carte", {"synergies": 4, "note": 1}, at)  # the plan is open, until the 30th
    item.fill("a1", "M1.carte", {"synergies": 4, "note": None}, at)  # the card is open, until the 29th
    item.fill("a2", "M1.carte", {"synergies": 4, "note": 1}, at)
    item.fill("a2", "M1.plan", {"clarte": 1, "cadre": 1}, at, rater=52)
    begun, unknown = starting(item, "objectif O1")
    assert (begun.learners, begun.finding.due) == (("Ana Bel", "Cyr Duc"), scene.DUE_CARTE)
    assert unknown.sentence == f"objectif O1 : 1 évaluation qui ne peut être lue : {sentences.SELF_GRADED}"


# ---- activities --------------------------------------------------------------------------------------------------


def test_todos_of_an_activity_say_each_state_apart_with_who_acts(scene):
    item = group(scene, ("none", "begun", "failed", "gone", "alone"), capacity={"min": 1, "max": 9})
    at = scene.utc("2026-03-28T10:00:00")
    item.attempt("a1", "M1.notions", at, None, state="inprogress")
    item.attempt("a2", "M1.notions", at, "5")
    item.complete("a2", "M1.notions", at, state="complete_fail")
    item.vanish(item.attempt("a3", "M1.notions", at, "8"))
    item.attempt("a4", "M1.notions", at, "8")
    found = starting(item, "« Notions »")
    learners = "les stagiaires concernés, relancés par l'organisme"
    assert [(todo.sentence.removeprefix("« Notions » : "), todo.who, todo.learners) for todo in found] == [
        ("1 stagiaire n'a pas achevé", learners, ("none",)),
        ("1 stagiaire n'a pas atteint la note pour passer", learners, ("failed",)),
        ("1 stagiaire n'a pas terminé", learners, ("begun",)),
        ("trace disparue de Moodle pour 1 stagiaire", "l'administrateur de Moodle", ("gone",)),
        (
            f"trace qui ne permet pas de conclure pour 1 stagiaire ({sentences.NO_COMPLETION})",
            "le responsable pédagogique",
            ("alone",),
        ),
    ]
    assert {(todo.finding.rule, todo.finding.activity, todo.finding.objective) for todo in found} == {
        ("activity_done", "M1.notions", None)
    }
    overdue = "dépassée depuis 3 jours (30 mars 2026 à 23 h 59)"
    assert [todo.deadline for todo in found] == [overdue] * 4 + ["sans échéance"]


def test_todo_of_traces_that_are_gone_groups_learners_whatever_their_entries(scene):
    item = group(scene)
    at = scene.utc("2026-03-28T10:00:00")
    done = [item.complete(subject, "M1.carte", at) for subject in ("a0", "a1", "a2")]
    gone = [item.vanish(entry) for entry in done]
    found = only(item, "« Carte")
    assert found.sentence == "« Carte des synergies » : trace disparue de Moodle pour 3 stagiaires"
    assert found.finding.entries == (*done, *gone)


def test_todo_of_undated_and_of_unfollowed_work_says_why(scene):
    item = group(scene, modules__0__activities__3__due="end")
    for subject in ("a0", "a1", "a2"):
        item.complete(subject, "M1.carte", None)
    assert only(item, "« Carte").sentence == (
        f"« Carte des synergies » : trace qui ne permet pas de conclure pour 3 stagiaires ({sentences.DONE_UNDATED})"
    )
    untold = only(item, "« Oral »")
    assert (untold.sentence, untold.who) == (f"« Oral » : {sentences.NOT_FOLLOWED}", "le responsable pédagogique")


def test_todo_of_the_placement_says_so_and_stands_under_its_own_rule(scene):
    item = group(scene)
    found = only(item, "3 stagiaires sans positionnement")
    assert (found.finding.rule, found.finding.activity) == ("placement_done", "positionnement")
    assert found.finding.due == scene.DUE_PLACEMENT


@pytest.mark.parametrize("complete_when", [["graded"], ["passed"], ["submitted", "passed"]])
def test_todo_does_not_ask_twice_for_work_that_grading_completes(scene, complete_when):
    item = group(scene, ("Ana Bel",), modules__0__activities__2__complete_when=complete_when)
    assert starting(item, "« Plan »") == []


def test_todo_of_an_activity_comes_two_weeks_before_its_date(scene):
    item = group(scene)
    assert starting(item, "« Carte", scene.utc("2026-03-15T21:59:58")) == []
    assert only(item, "« Carte", scene.utc("2026-03-15T21:59:59")).finding.verdict == Verdict.PENDING


def test_todo_asks_for_work_that_grading_completes_where_no_objective_does(scene):
    item = group(scene, ("Ana Bel",), modules__0__activities__2__assesses=[])
    assert only(item, "« Plan »").sentence == "« Plan » : 1 stagiaire n'a pas achevé"
    # a quiz is completed by its learner, and asked for beside its objective
    assert only(item, "« Notions »").sentence == "« Notions » : 1 stagiaire n'a pas achevé"


# ---- session, order, deadlines -----------------------------------------------------------------------------------


def test_todos_about_the_session_say_who_and_by_when(scene):
    item = scene.small(hours=15, modules__0__activities__3__assesses=[], to_confirm=["nature"])
    assert [(todo.sentence, todo.who, todo.deadline, todo.learners) for todo in todos(item)] == [
        (
            "effectif : 0 stagiaire inscrit, pour un minimum de 1",
            "l'organisme de formation", "dépassée depuis 6 jours (27 mars 2026 à 9 h)", (),
        ),
        (
            "les 4 demi-journées font 14 h, le programme dit 15 h",
            "l'organisme de formation", "dépassée depuis 3 jours (30 mars 2026 à 17 h)", (),
        ),
        ("aucune activité n'évalue O3", "le responsable pédagogique", "sans échéance", ()),
        ("1 décision de l'organisme reste à confirmer", "le responsable pédagogique", "sans échéance", ()),
    ]  # fmt: skip
    assert [todo.finding.rule for todo in todos(item)][-2:] == ["objective_assessed", "to_confirm"]


def test_todos_overdue_come_before_gaps_without_a_date_however_late_their_date(scene):
    item = group(scene, ("Ana Bel",))
    item.vanish(item.fill("a0", "M1.carte", {"synergies": 5, "note": 1}, scene.utc("2026-03-26T10:00:00")))
    verdicts = [(todo.finding.verdict, todo.finding.due) for todo in todos(item)]
    assert verdicts[-2:] == [(Verdict.GAP, scene.utc("2026-03-30T21:59:59")), (Verdict.GAP, None)]


@pytest.mark.parametrize(
    ("as_of", "deadline"),
    [
        ("2026-03-28T22:59:59", "dans 1 jour (29 mars 2026 à 23 h 59)"),
        ("2026-03-28T23:00:00", "aujourd'hui (29 mars 2026 à 23 h 59)"),  # midnight in Paris
        ("2026-03-29T21:59:59", "aujourd'hui (29 mars 2026 à 23 h 59)"),
        ("2026-03-29T22:00:00", "dépassée depuis 1 jour (29 mars 2026 à 23 h 59)"),
        ("2026-03-27T10:00:00", "dans 2 jours (29 mars 2026 à 23 h 59)"),
    ],
)
def test_todo_deadline_counts_calendar_days_of_the_sessions_zone(scene, as_of, deadline):
    assert only(group(scene), "« Carte", scene.utc(as_of)).deadline == deadline


@pytest.mark.parametrize(
    ("as_of", "deadline"),
    [
        ("2026-03-29T02:59:59", "dans 1 jour (29 mars 2026 à 23 h 59)"),
        ("2026-03-29T03:00:00", "aujourd'hui (29 mars 2026 à 23 h 59)"),
        ("2026-03-30T02:59:59", "aujourd'hui (29 mars 2026 à 23 h 59)"),  # in UTC it is due on the 30th
    ],
)
def test_todo_deadline_counts_days_where_the_due_date_is_another_day_in_utc(scene, as_of, deadline):
    item = group(scene, session_data=scene.SESSION | {"timezone": "America/Cayenne"})
    assert only(item, "« Carte", scene.utc(as_of)).deadline == deadline


def test_todo_deadline_that_passed_on_the_same_day_says_so(scene):
    found = only(group(scene), "objectif O2", scene.utc("2026-03-30T15:00:01"))
    assert found.deadline == "dépassée aujourd'hui (30 mars 2026 à 17 h)"


def test_todos_say_in_their_finding_what_they_say(scene):
    item = states(scene, scene.small(to_confirm=["nature"], hours=15))
    found = todos(item)
    assert [todo.finding.sentence for todo in found] == [todo.sentence for todo in found]
    assert len(found) > 10
