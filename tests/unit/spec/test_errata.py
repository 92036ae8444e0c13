from dataclasses import replace
from pathlib import Path

import pytest

from moodle_sync.spec import errata as module
from moodle_sync.spec.loader import load_specs
from moodle_sync.spec.models import Errata, Programme
from moodle_sync.spec.specs import Specs, programme_digest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def specs() -> Specs:
    return load_specs(ROOT / "course_specs")


@pytest.fixture(scope="module")
def programme(specs: Specs) -> Programme:
    [found] = specs.programmes.values()
    return found


def erratum(field: str, text: str = "corrigé") -> Errata:
    return Errata(field=field, text=text, author="A. Nonyme", reason="coquille")


@pytest.mark.parametrize(
    "field",
    ["title", "summary", "modules.M1.title", "modules.M1.activities.synergies.brief", "outside_modules.bienvenue.text"],
)
def test_errata_of_a_text_changes_that_text_only(programme: Programme, specs: Specs, field: str) -> None:
    after = module.corrected(programme, [erratum(field)])
    before, now = str(programme.model_dump()), str(after.model_dump())
    assert now.count("corrigé") == before.count("corrigé") + 1
    assert len(programme.modules) == len(after.modules)
    assert module.problems(programme, [erratum(field)], specs.source(programme)) == []


@pytest.mark.parametrize(
    "field",
    [
        "hours",
        "framework",
        "modules.M1.hours",
        "modules.M9.title",
        "modules.M1.activities.none.title",
        "modules.M1.activities.synergies.rubric",
        "modules.M1.activities.synergies.text",
        "modules",
        "outside_modules.positionnement.questions",
    ],
)
def test_errata_of_anything_else_is_a_problem_and_changes_nothing(
    programme: Programme, specs: Specs, field: str
) -> None:
    assert module.corrected(programme, [erratum(field)]) == programme
    assert len(module.problems(programme, [erratum(field)], specs.source(programme))) == 1


def test_errata_do_not_move_the_digest_that_a_session_is_bound_to(specs: Specs) -> None:
    [session] = specs.sessions.values()
    mended = session.model_copy(update={"errata": (erratum("title"),)})
    with_errata = replace(specs, sessions={mended.session: mended})
    assert programme_digest(with_errata, mended) == programme_digest(specs, session)
