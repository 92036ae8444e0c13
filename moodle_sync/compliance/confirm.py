"""What the organisation has not confirmed yet, from the ``to_confirm`` lists of the specs, in words a reader knows.

A path names a field of the file that it stands in (``modules.M1.activities.synergies.due``). What cannot be put into
words is shown as it is written.
"""

from __future__ import annotations

from collections.abc import Iterable

from moodle_sync.compliance.view import ToConfirm
from moodle_sync.spec.models import AnyActivity, Framework, Programme, Rubric, Session

_FIELDS = {
    "access": "les conditions d'accès",
    "acquired_when": "la règle d'acquisition",
    "assesses": "l'objectif évalué",
    "attempts": "le nombre de tentatives",
    "brief": "la consigne",
    "capacity": "l'effectif",
    "category": "la catégorie dans Moodle",
    "certifying": "la délivrance ou non d'un titre",
    "complete_when": "ce qui vaut achèvement",
    "criteria": "les critères",
    "cutoff": "la date limite de remise",
    "days": "les dates",
    "due": "l'échéance",
    "grade_max": "le barème",
    "grade_pass": "la note pour passer",
    "hours": "la durée",
    "intro": "l'introduction",
    "levels": "les niveaux",
    "nature": "la nature de l'action",
    "opens": "l'ouverture",
    "place": "le lieu",
    "price": "le tarif",
    "questions": "les questions",
    "rubric": "la grille",
    "submit": "ce qui est rendu",
    "success": "le critère de réussite",
    "summary": "le résumé",
    "text": "le texte",
    "title": "le titre",
    "trainers": "les formateurs",
}


def to_confirm(
    programme: Programme, framework: Framework, rubrics: Iterable[Rubric], session: Session
) -> tuple[ToConfirm, ...]:
    """Everything that is still to be confirmed: the programme's, the framework's, its rubrics', the session's."""
    found = [ToConfirm("programme", path, *_in_words(programme, path)) for path in programme.to_confirm]
    found += [
        ToConfirm("référentiel de compétences", path, *_in_framework(framework, path)) for path in framework.to_confirm
    ]
    for rubric in sorted(rubrics, key=lambda item: item.rubric):
        found += [
            ToConfirm(f"grille « {rubric.title} »", path, *_in_rubric(rubric, path)) for path in rubric.to_confirm
        ]
    found += [ToConfirm("session", path, "", _field(path)) for path in session.to_confirm]
    return tuple(found)


def is_to_confirm(programme: Programme, activity: str, field: str) -> bool:
    """Whether a field of an activity (its key within the course), or something that holds it, is to be confirmed."""
    module, _, local = activity.rpartition(".")
    path = f"modules.{module}.activities.{local}" if module else f"outside_modules.{local}"
    full = f"{path}.{field}"
    return any(full == item or full.startswith(f"{item}.") for item in programme.to_confirm)


def _in_words(programme: Programme, path: str) -> tuple[str, str]:
    """What a path of a programme is about, and which field of it."""
    match path.split("."):
        case ["modules", module, "activities", local, *rest]:
            title = _activity_title(_module_activities(programme, module), local)
            about = f"« {title} » (module {module})" if title else ""
        case ["outside_modules", local, *rest]:
            title = _activity_title(programme.outside_modules, local)
            about = f"« {title} »" if title else ""
        case ["modules", module]:
            return f"module {module}", "le module entier"
        case ["modules", module, *rest]:
            about = f"module {module}"
        case _:
            return "", _field(path)
    return (about, _field(".".join(rest)) if rest else "l'activité entière") if about else ("", path)


def _in_framework(framework: Framework, path: str) -> tuple[str, str]:
    match path.split("."):
        case ["objectives", key, *rest] if rest and any(item.key == key for item in framework.objectives):
            return f"objectif {key}", _field(".".join(rest))
    return "", _field(path)


def _in_rubric(rubric: Rubric, path: str) -> tuple[str, str]:
    match path.split("."):
        case ["criteria", key, *rest] if rest:
            title = next((item.title for item in rubric.criteria if item.key == key), "")
            return (f"« {title} »", _field(".".join(rest))) if title else ("", path)
    return "", _field(path)


def _field(path: str) -> str:
    # a field of something within (category.title) is not the field of that name: it stays as it is written
    return _FIELDS.get(path, path)


def _module_activities(programme: Programme, key: str) -> tuple[AnyActivity, ...]:
    return next((module.activities for module in programme.modules if module.key == key), ())


def _activity_title(activities: tuple[AnyActivity, ...], key: str) -> str:
    return next((item.title for item in activities if item.key == key), "")
