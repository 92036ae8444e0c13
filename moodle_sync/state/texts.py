"""French texts that we put together from several fields of a spec for people who read the course."""

from __future__ import annotations

from decimal import Decimal

from moodle_sync.canonical import decimal_text
from moodle_sync.spec.models import Programme, Session
from moodle_sync.state.html import to_html

_MODALITY = {"in_person": "en présentiel", "remote": "à distance", "hybrid": "en présentiel et à distance"}


def hours_text(hours: Decimal) -> str:
    """``70 heures``, ``3 h 30``: hours as a French reader writes them."""
    whole, rest = divmod(hours, 1)
    if rest == 0:
        return f"{decimal_text(whole)} heure{'s' if whole > 1 else ''}"
    minutes = int((rest * 60).to_integral_value())
    return f"{decimal_text(whole)} h {minutes:02d}"


def course_summary(programme: Programme, session: Session) -> str:
    """The course's summary: the programme's own text, then the facts that must be public before enrolment."""
    capacity = session.capacity or programme.capacity
    lines = [
        f"Durée : {hours_text(programme.hours)}, {programme.days} jours, {_MODALITY[programme.modality]}",
        f"Lieu : {session.place}",
        f"Public : {', '.join(programme.audience)}" if programme.audience else "",
        f"Prérequis : {_prerequisites(programme)}",
        f"Effectif : de {capacity.min} à {capacity.max} stagiaires" if capacity else "",
        _price(programme),
        f"Accessibilité : {programme.accessibility}" if programme.accessibility else "",
    ]
    facts = "\n".join(f"- {line}" for line in lines if line)
    return to_html(f"{programme.summary}\n\n{facts}")


def _price(programme: Programme) -> str:
    price = programme.price
    if price is None:
        return ""
    per = "personne" if price.per == "person" else "groupe"
    return f"Tarif : {decimal_text(price.amount)} € {'net ' if price.net else ''}par {per}"


def _prerequisites(programme: Programme) -> str:
    # "none" must be said, not left out (indicator 1).
    return "aucun" if programme.access.prerequisites == "none" else programme.access.prerequisites
