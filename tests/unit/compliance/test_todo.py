from moodle_sync.compliance import Verdict


def said(item, as_of=None):
    view = item.view(as_of) if as_of else item.view()
    return [(todo.sentence, todo.who, todo.deadline, todo.learners) for todo in view.todos]


def group(scene, names=("Ana Bel", "Cyr Duc", "Eva Fil")):
    item = scene.small()
    for number, name in enumerate(names):
        item.person(f"a{number}", 50 + number, name)
        item.enrol(f"a{number}")
    return item


def test_todos_of_a_green_session_are_none(scene):
    assert said(scene.green()) == []


def test_todos_before_a_due_date_say_how_many_who_and_by_when(scene):
    found = said(group(scene), scene.utc("2026-03-18T12:00:00"))
    assert found[0] == (
        "3 stagiaires sans positionnement",
        "les stagiaires concernés, relancés par l'organisme",
        "dans 2 jours (20 mars 2026 à 23 h 59)",
        ("Ana Bel", "Cyr Duc", "Eva Fil"),
    )


def test_todos_leave_out_what_is_due_in_more_than_two_weeks(scene):
    found = said(group(scene), scene.utc("2026-03-15T21:59:58"))
    assert not [sentence for sentence, *_ in found if sentence.startswith("objectif O1")]
    later = said(group(scene), scene.utc("2026-03-15T21:59:59"))
    assert [sentence for sentence, *_ in later if sentence.startswith("objectif O1")]


def test_todos_after_the_due_date_say_since_when(scene):
    found = {sentence: deadline for sentence, _, deadline, _ in said(group(scene))}
    assert found["objectif O2 : 3 grilles non remplies"] == "dépassée depuis 3 jours (30 mars 2026 à 17 h)"
    assert found["objectif O3 : 3 évaluations non observées"].startswith("dépassée depuis")


def test_todos_are_sorted_breaches_overdue_undated_soon_unknown(scene):
    item = group(scene, names=("Ana Bel", "Cyr Duc", "Eva Fil", "Guy Hue"))
    filled = item.fill("a0", "M1.carte", {"synergies": 5, "note": 1}, scene.utc("2026-03-26T10:00:00"))
    item.vanish(filled, scene.utc("2026-03-27T02:00:00"))
    item.grade("a1", "M1.plan", "50", scene.utc("2026-03-26T10:00:00"))
    item.evidence.sort(key=lambda evidence: evidence.position)
    view = item.view(scene.utc("2026-03-28T12:00:00"))
    order = [(todo.finding.verdict, todo.finding.due) for todo in view.todos]
    ranks = [
        {Verdict.BREACH: 0, Verdict.GAP: 1 if due else 2, Verdict.PENDING: 3, Verdict.UNKNOWN: 4}[verdict]
        for verdict, due in order
    ]
    assert ranks == sorted(ranks)
    assert set(ranks) == {0, 1, 2, 3, 4}
    pending = [due for verdict, due in order if verdict == Verdict.PENDING]
    assert pending == sorted(pending)


def test_todos_about_one_who_left_name_the_enrolment_only(scene):
    item = group(scene, names=("Ana Bel",))
    item.vanish("2026/11")
    sentences = [sentence for sentence, *_ in said(item) if not sentence.startswith("effectif")]
    assert sentences == [
        "Ana Bel n'est plus inscrit : observé au n° 2026/11, disparu de Moodle au n° 2026/12 ; motif à consigner"
    ]


def test_todos_do_not_ask_twice_for_work_that_grading_completes(scene):
    sentences = [sentence for sentence, *_ in said(group(scene, names=("Ana Bel",)))]
    assert "objectif O2 : 1 grille non remplie" in sentences
    assert not [sentence for sentence in sentences if sentence.startswith("« Plan »")]
    assert "« Carte des synergies » : 1 stagiaire n'a pas achevé" in sentences


def test_todos_keep_the_programme_gap_and_the_decisions_to_confirm(scene):
    changes = {"modules__0__activities__3__assesses": [], "to_confirm": ["hours", "nature"]}
    found = said(scene.green(scene.small(**changes)))
    assert [sentence for sentence, *_ in found] == [
        "aucune activité n'évalue O3",
        "2 décisions de l'organisme restent à confirmer",
    ]


def test_todos_rest_on_the_entries_of_everybody_in_ledger_order(scene):
    item = group(scene)
    item.number = 98
    for subject in ("a2", "a0", "a1"):
        item.complete(subject, "M1.carte", None, state="incomplete")
    (found,) = [todo for todo in item.view().todos if todo.sentence.startswith("« Carte des synergies »")]
    assert found.finding.entries == ("2026/99", "2026/100", "2026/101")
    assert found.learners == ("Ana Bel", "Cyr Duc", "Eva Fil")
