"""French sentences of the compliance view: the words of findings. Rules choose one; nothing here decides anything.

Sentences name learners never (rows and lists do), and claim no more than what the ledger holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from moodle_sync.compliance.french import count, hours, listed, number
from moodle_sync.compliance.view import ActivityState, ObjectiveState
from moodle_sync.spec.models import Count

STATE_WORDS: Mapping[ObjectiveState, str] = {
    ObjectiveState.ACQUIRED: "acquis",
    ObjectiveState.IN_PROGRESS: "en cours",
    ObjectiveState.NOT_ACQUIRED: "non acquis",
    ObjectiveState.NOT_ASSESSED: "non évalué",
    ObjectiveState.RULE_MISSING: "évalué, règle à confirmer",
    ObjectiveState.VANISHED: "évaluation disparue",
    ObjectiveState.UNKNOWN: "inconnu",
    ObjectiveState.NO_ACTIVITY: "sans évaluation prévue",
    ObjectiveState.ERASED: "effacé",
}
ACTIVITY_WORDS: Mapping[ActivityState, str] = {
    ActivityState.DONE: "fait",
    ActivityState.DONE_LATE: "fait en retard",
    ActivityState.DONE_UNDATED: "fait, remise non datée",
    ActivityState.FAILED: "fait, non réussi",
    ActivityState.UNFINISHED: "commencé",
    ActivityState.MISSING: "manquant",
    ActivityState.PENDING: "à venir",
    ActivityState.NOT_TRACKED: "non suivi",
    ActivityState.VANISHED: "disparu",
    ActivityState.UNKNOWN: "inconnu",
    ActivityState.ERASED: "effacé",
}

# ---- questionnaires --------------------------------------------------------------------------------------------

NOT_A_SURVEY = "ne recueille pas d'appréciations"
TOO_FEW_ANSWERS = "trop peu de réponses : une moyenne dirait ce qu'a répondu une personne"
REPEATED_ANSWERS = "anonyme et à réponses multiples : le nombre de personnes n'est pas connu"
NO_RATING = "aucune question à échelle n'a assez de réponses"
NEVER_CLOSES = "sans date de fermeture : son résultat n'est jamais relevé"
NOT_IN_PROGRAMME = "rattaché à aucune activité du programme"


def still_open(when: str) -> str:
    """A questionnaire that has not closed yet."""
    return f"ouvert jusqu'au {when} : rien n'en est relevé avant"


def closed_not_read(when: str) -> str:
    """A questionnaire that should have closed, and of which nothing was read."""
    return f"fermeture prévue le {when}, aucun résultat observé"


def foreign_questionnaire(cmid: int) -> str:
    """A questionnaire of the course that no activity of the programme is known to be."""
    return f"questionnaire n° {cmid} dans Moodle"


# ---- persons ---------------------------------------------------------------------------------------------------

ERASED_NAME = "effacé"
ERASED = "les éléments de cette personne ont été effacés : rien ne peut plus être dit"


def unnamed(subject: str) -> str:
    """A learner whose name is not known."""
    return f"stagiaire {subject[:8]}"


def grader(userid: int, name: str) -> str:
    """The trainer who filled a rubric."""
    return f"{name} (utilisateur Moodle n° {userid})" if name else f"utilisateur Moodle n° {userid}"


ENROLMENT_NOT_OBSERVED = "aucune inscription n'a été observée"
NO_LONGER_LEARNER = "n'a plus le rôle de stagiaire"
ENROLMENT_INACTIVE = "a une inscription non active (suspendue, à venir ou terminée : Moodle ne le dit pas)"


def unenrolled(first: str, last: str) -> str:
    """An enrolment that was there and is gone."""
    return f"n'est plus inscrit : {vanished(first, last)}"


def enrolled_by(seen: str, limit: str) -> str:
    """Enrolled in time."""
    return f"inscrit au plus tard le {seen} (date limite : {limit})"


def enrolled_late(when: str, limit: str) -> str:
    """Enrolled after the programme's limit."""
    return f"inscrit le {when}, après la date limite du {limit}"


def enrolled_unknown(seen: str, limit: str) -> str:
    """First seen after the limit, and Moodle gives no date."""
    first = f"inscription observée pour la première fois le {seen}, après la date limite du {limit}"
    return f"{first} ; sa date n'est pas connue"


# ---- objectives ------------------------------------------------------------------------------------------------


def of_objective(objective: str, state: ObjectiveState, reasons: tuple[str, ...]) -> str:
    """A cell of the matrix in one sentence: ``O1 acquis : …``."""
    return " : ".join([f"{objective} {STATE_WORDS[state]}", *filter(None, [" ; ".join(reasons)])])


def no_activity(objective: str) -> str:
    """An objective that nothing in the programme assesses."""
    return f"aucune activité n'évalue {objective}"


NOT_ASSESSED = "aucune évaluation observée"
SELF_GRADED = "la grille a été remplie par le stagiaire lui-même"
TWO_OBJECTS = "deux activités du cours portent cette clé : on ne sait pas laquelle compte"
TWO_GRADES = "plusieurs notes au carnet pour cette activité : on ne sait pas laquelle compte"
NO_RUBRIC = "la grille du programme n'est pas disponible"
GRADE_WITHOUT_FILLING = "une note figure au carnet, mais aucune grille remplie n'a été observée"
FILLING_WITHOUT_GRADE = "la grille est remplie, mais aucune note n'a été observée au carnet"
GRADE_WITHOUT_ATTEMPT = "une note figure au carnet, mais aucune tentative terminée n'a été observée"
GRADES_DISAGREE = "la note du carnet et celle de la grille ne disent pas la même chose"
ATTEMPT_UNFINISHED = "une tentative est commencée, aucune n'est terminée"
ATTEMPT_UNGRADED = "une tentative est terminée, aucune note n'a été observée"
RULE_MISSING = "le programme ne dit pas à partir de quand l'objectif est acquis"
RULE_WITHOUT_RUBRIC = "la règle du programme porte sur une grille que cette activité n'a pas"


def vanished(first: str, last: str) -> str:
    """Something was observed and is gone."""
    return f"observé au n° {first}, disparu de Moodle au n° {last}"


def other_rubric(missing: list[str], added: list[str]) -> str:
    """The rubric that was filled is not the programme's."""
    parts = []
    if missing:
        parts.append("il y manque " + listed([f"« {title} »" for title in missing]))
    if added:
        parts.append("elle contient en plus " + listed([f"« {title} »" for title in added]))
    return "la grille remplie n'est pas celle du programme : " + " ; ".join(parts or ["des critères s'y répètent"])


def other_level(criterion: str, score: Decimal) -> str:
    """A level that the programme's rubric does not have."""
    return f"« {criterion} » : le niveau à {points(score)} n'existe pas dans la grille du programme"


def other_scale(found: Decimal, wanted: Decimal) -> str:
    """A grade on another scale than the programme's."""
    return f"la note est sur {number(found)}, le programme attend une note sur {number(wanted)}"


def incomplete_filling(rated: int, total: int) -> str:
    """A rubric with criteria left open."""
    return f"grille incomplète : {count(rated, 'critère rempli', 'critères remplis')} sur {total}"


def counted(score: Decimal, counting: Count) -> str:
    """``4 synergies``, ``5 synergies ou plus``: the level of a criterion that counts."""
    return f"{number(score)} {counting.unit}" + (" ou plus" if score >= counting.to else "")


def points(value: Decimal) -> str:
    """``1 point``, ``1,5 point``, ``2 points``."""
    return f"{number(value)} {'points' if value >= 2 else 'point'}"


def criterion_rule(title: str, wanted: str) -> str:
    """The rule "this criterion at least"."""
    return f"« {title} » : au moins {wanted}"


def every_criterion_rule(wanted: Decimal) -> str:
    """The rule "every criterion at least"."""
    return f"chaque critère : au moins {points(wanted)}"


def grade_rule(wanted: Decimal, out_of: Decimal) -> str:
    """The rule "a grade of at least"."""
    return f"note d'au moins {number(wanted)} sur {number(out_of)}"


def criterion_result(title: str, level: str) -> str:
    """What was found for the one criterion of a rule."""
    return f"« {title} » : {level}"


def every_criterion_result(below: list[str]) -> str:
    """What was found for the rule on every criterion."""
    return (
        "sous le seuil : " + listed([f"« {title} »" for title in below]) if below else "chaque critère atteint le seuil"
    )


def grade_result(grade: Decimal, out_of: Decimal, overridden: bool) -> str:
    """What was found for the rule on a grade."""
    text = f"note de {number(grade)} sur {number(out_of)}"
    return text + (", modifiée à la main au carnet" if overridden else "")


# ---- activities ------------------------------------------------------------------------------------------------

NOT_FOLLOWED = "l'activité a une échéance, mais le programme ne suit pas son achèvement : la remise n'est pas observée"
DONE_UNDATED = "fait ; Moodle ne dit pas quand, et l'observation est postérieure à l'échéance"
DONE_WITH_GRADING = "achevé après l'échéance, correction comprise : la date de la remise elle-même n'est pas observée"
NO_ATTEMPT = "achèvement enregistré sans tentative terminée observée"
NO_COMPLETION = "tentative terminée, achèvement non observé"
NOT_DONE_YET = "pas encore fait ; sans échéance"
NOT_PASSED = "fait, la note pour passer n'est pas atteinte"
COURSE_COMPLETED = "Moodle tient le cours pour achevé"
COURSE_NOT_COMPLETED = "Moodle ne tient pas le cours pour achevé"
COURSE_NOT_OBSERVED = "aucun état d'achèvement du cours n'a été observé"


def done(when: str, due: str) -> str:
    """Done in time."""
    return f"fait le {when}" + (f" (échéance : {due})" if due else "")


def done_by_hand(userid: int) -> str:
    """A completion that a person marked for the learner."""
    return f"marqué comme achevé par l'utilisateur Moodle n° {userid}"


def done_late(when: str, due: str) -> str:
    """Done after the due date."""
    return f"fait le {when}, après l'échéance du {due}"


def not_done(due: str, started: bool) -> str:
    """Not done, and its date has passed."""
    return f"{'commencé, pas terminé' if started else 'non fait'} à l'échéance du {due}"


def not_done_yet(due: str, started: bool) -> str:
    """Not done, and its date is to come."""
    return f"{'commencé, pas terminé' if started else 'pas encore fait'} ; échéance le {due}"


def attempt_result(attempt: int, grade: str, grade_max: str, passed: bool | None) -> str:
    """A finished attempt: ``tentative 1 : 8 sur 10, réussie``."""
    verdict = {True: ", réussie", False: ", non réussie", None: ""}[passed]
    return f"tentative {attempt} : {grade} sur {grade_max}{verdict}"


# ---- the session -----------------------------------------------------------------------------------------------


def over_capacity(learners: int, most: int) -> str:
    """More learners than the programme takes."""
    return f"effectif : {count(learners, 'stagiaire inscrit', 'stagiaires inscrits')}, pour {most} places au plus"


def under_capacity(learners: int, least: int) -> str:
    """Fewer learners than the programme wants."""
    return f"effectif : {count(learners, 'stagiaire inscrit', 'stagiaires inscrits')}, pour un minimum de {least}"


def within_capacity(learners: int, least: int, most: int) -> str:
    """As many learners as the programme takes."""
    return f"effectif : {count(learners, 'stagiaire inscrit', 'stagiaires inscrits')} (de {least} à {most})"


def capacity_unknown(learners: int) -> str:
    """Erased or unobserved enrolments: the number is a lower bound."""
    known = count(learners, "inscription active observée", "inscriptions actives observées")
    return f"effectif : {known} ; d'autres sont effacées ou n'ont pas été observées"


TODAY = "date de cette page"
ENROLMENT_LIMIT = "date limite d'inscription"


def training_day(number: int) -> str:
    """The n-th day of training."""
    return f"jour {number}"


def objectives_assessed(keys: tuple[str, ...]) -> str:
    """The objectives that an activity assesses."""
    return f"évalue {listed(keys)}" if keys else ""


def hours_differ(scheduled: Decimal, planned: Decimal, half_days: int) -> str:
    """The half-days do not add up to the programme's hours."""
    return f"les {half_days} demi-journées font {hours(scheduled)}, le programme dit {hours(planned)}"


# ---- what needs somebody ---------------------------------------------------------------------------------------

TRAINERS = "les formateurs"
TRAINERS_AND_LEARNERS = "les formateurs (correction) et les stagiaires (remise)"
LEARNERS = "les stagiaires concernés, relancés par l'organisme"
MANAGER = "le responsable pédagogique"
PROVIDER = "l'organisme de formation"
ADMINISTRATOR = "l'administrateur de Moodle"
NO_DEADLINE = "sans échéance"


def about_objective(objective: str, state: ObjectiveState, n: int, *, rubric: bool, reason: str) -> str:
    """Cells of one objective in the same state."""
    match state:
        case ObjectiveState.NOT_ASSESSED if rubric:
            what = count(n, "grille non remplie", "grilles non remplies")
        case ObjectiveState.NOT_ASSESSED:
            what = count(n, "évaluation non observée", "évaluations non observées")
        case ObjectiveState.IN_PROGRESS:
            what = count(n, "évaluation commencée, non terminée", "évaluations commencées, non terminées")
        case ObjectiveState.NOT_ACQUIRED:
            what = count(n, "stagiaire ne l'a pas acquis", "stagiaires ne l'ont pas acquis")
        case ObjectiveState.RULE_MISSING:
            what = "règle d'acquisition à confirmer, " + count(n, "stagiaire déjà évalué", "stagiaires déjà évalués")
        case ObjectiveState.VANISHED:
            what = count(n, "évaluation disparue de Moodle", "évaluations disparues de Moodle")
        case _:
            what = count(n, "évaluation qui ne peut être lue", "évaluations qui ne peuvent être lues") + f" : {reason}"
    return f"objectif {objective} : {what}"


def about_activity(title: str, state: ActivityState, n: int, *, placement: bool, reason: str) -> str:
    """Cells of one activity in the same state."""
    learners = count(n, "stagiaire", "stagiaires")
    if placement and state in (ActivityState.MISSING, ActivityState.PENDING):
        return f"{learners} sans positionnement"
    has = "n'a pas" if n < 2 else "n'ont pas"
    match state:
        case ActivityState.MISSING | ActivityState.PENDING:
            what = f"{learners} {has} achevé"
        case ActivityState.UNFINISHED:
            what = f"{learners} {has} terminé"
        case ActivityState.FAILED:
            what = f"{learners} {has} atteint la note pour passer"
        case ActivityState.NOT_TRACKED:
            what = reason
        case ActivityState.VANISHED:
            what = "trace disparue de Moodle pour " + learners
        case _:
            what = f"trace qui ne permet pas de conclure pour {learners} ({reason})"
    return f"« {title} » : {what}"


def late_enrolments(n: int) -> str:
    """Learners enrolled after the limit."""
    return count(n, "stagiaire inscrit", "stagiaires inscrits") + " après la date limite : dérogation à consigner"


def undated_enrolments(n: int) -> str:
    """Learners of whom it cannot be said that they were enrolled in time."""
    who = count(n, "stagiaire", "stagiaires")
    return f"{who} dont on ne sait pas si l'inscription précède la date limite"


def left(name: str, sentence: str) -> str:
    """A learner who is not, or no longer, enrolled."""
    return f"{name} {sentence} ; motif à consigner"


def confirmations(n: int) -> str:
    """Decisions that the organisation has not confirmed."""
    return count(n, "décision de l'organisme reste à confirmer", "décisions de l'organisme restent à confirmer")


def deadline(days: int, when: str) -> str:
    """How far a due date is that has not passed, in calendar days."""
    return f"dans {count(days, 'jour', 'jours')} ({when})" if days else f"aujourd'hui ({when})"


def overdue(days: int, when: str) -> str:
    """A due date that has passed."""
    since = f"dépassée depuis {count(days, 'jour', 'jours')}" if days else "dépassée aujourd'hui"
    return f"{since} ({when})"
