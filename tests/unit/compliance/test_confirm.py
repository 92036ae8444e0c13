import pytest

from moodle_sync.compliance import confirm
from moodle_sync.compliance.confirm import is_to_confirm
from moodle_sync.spec import activity, models


@pytest.mark.parametrize(
    ("path", "about", "field"),
    [
        ("modules.M1.activities.carte.due", "« Carte des synergies » (module M1)", "l'échéance"),
        ("modules.M1.activities.carte", "« Carte des synergies » (module M1)", "l'activité entière"),
        ("outside_modules.positionnement.opens", "« Positionnement »", "l'ouverture"),
        ("modules.M1.hours", "module M1", "la durée"),
        ("modules.M1", "module M1", "le module entier"),
        ("outside_modules.positionnement", "« Positionnement »", "l'activité entière"),
        ("outside_modules.gone.opens", "", "outside_modules.gone.opens"),
        ("modules.M9.activities.carte.due", "", "modules.M9.activities.carte.due"),
        ("modules.M1.activities.carte.hours.why", "« Carte des synergies » (module M1)", "hours.why"),
        ("nature", "", "la nature de l'action"),
        ("category.title", "", "category.title"),
        ("modules.M1.activities.gone.due", "", "modules.M1.activities.gone.due"),
        ("something_new", "", "something_new"),
    ],
)
def test_to_confirm_puts_a_path_of_the_programme_into_words(scene, path, about, field):
    (found,) = scene.small(to_confirm=[path]).view().to_confirm
    assert (found.source, found.path, found.about, found.field) == ("programme", path, about, field)


def test_to_confirm_lists_framework_rubrics_and_session_too(scene):
    item = scene.small()
    paths = ("title", "objectives.O2.title", "objectives.O2", "objectives.O9.title")
    item.framework = item.framework.model_copy(update={"to_confirm": paths})
    item.session = item.session.model_copy(update={"to_confirm": ("place",)})
    paths = {
        "plan": ("criteria.clarte.levels", "title", "criteria.gone.levels", "criteria"),
        "carte": ("title", "criteria.note"),
    }
    rubrics = {key: item.rubrics[key].model_copy(update={"to_confirm": paths[key]}) for key in paths}
    unused = rubrics["plan"].model_copy(update={"rubric": "autre"})
    item.rubrics = {**rubrics, "autre": unused}
    assert [(found.source, found.path, found.about, found.field) for found in item.view().to_confirm] == [
        ("référentiel de compétences", "title", "", "le titre"),
        ("référentiel de compétences", "objectives.O2.title", "objectif O2", "le titre"),
        ("référentiel de compétences", "objectives.O2", "", "objectives.O2"),
        ("référentiel de compétences", "objectives.O9.title", "", "objectives.O9.title"),
        ("grille « Carte »", "title", "", "le titre"),
        ("grille « Carte »", "criteria.note", "", "criteria.note"),
        ("grille « Plan »", "criteria.clarte.levels", "« Clarté »", "les niveaux"),
        ("grille « Plan »", "title", "", "le titre"),
        ("grille « Plan »", "criteria.gone.levels", "", "criteria.gone.levels"),
        ("grille « Plan »", "criteria", "", "les critères"),
        ("session", "place", "", "le lieu"),
    ]
    del item.rubrics["plan"]  # not given: nothing can be said of it
    assert {found.source for found in item.view().to_confirm} >= {"grille « Carte »"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("modules.M1.activities.carte.acquired_when", True),
        ("modules.M1.activities.carte", True),
        ("modules.M1", True),
        ("modules.M1.activities.carte.due", False),
        ("modules.M1.activities.carte.acquired", False),
        ("modules.M1.activities.cart", False),
    ],
)
def test_is_to_confirm_goes_by_whole_parts_of_the_path(scene, path, expected):
    programme = scene.small(to_confirm=[path]).programme
    assert is_to_confirm(programme, "M1.carte", "acquired_when") is expected


@pytest.mark.parametrize("order", [1, -1])
def test_to_confirm_takes_rubrics_by_key_in_whatever_order_they_are_given(scene, order):
    item = scene.small()
    rubrics = [rubric.model_copy(update={"to_confirm": ("title",)}) for rubric in item.rubrics.values()][::order]
    found = confirm.to_confirm(item.programme, item.framework, rubrics, item.session)
    assert [one.source for one in found] == ["grille « Carte »", "grille « Plan »"]


def test_to_confirm_lists_the_rubric_of_an_assignment_outside_the_modules(scene):
    outside = {"assignment": "bilan", "title": "Bilan", "brief": "À rendre.", "rubric": "plan"}
    item = scene.small(modules__0__activities__2__rubric="carte", outside_modules__0=outside)
    rubric = item.rubrics["plan"].model_copy(update={"to_confirm": ("title",)})
    item.rubrics = {**item.rubrics, "plan": rubric}
    assert [found.source for found in item.view().to_confirm] == ["grille « Plan »"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("outside_modules.positionnement.due", True),
        ("outside_modules.positionnement", True),
        ("outside_modules", True),
        ("outside_modules.position", False),
        ("modules.positionnement", False),
    ],
)
def test_is_to_confirm_of_an_activity_outside_the_modules(scene, path, expected):
    programme = scene.small(to_confirm=[path]).programme
    assert is_to_confirm(programme, "positionnement", "due") is expected


def test_words_are_for_fields_that_specs_have():
    kinds = [item for module in (activity, models) for item in vars(module).values() if isinstance(item, type)]
    fields = {name for kind in kinds if issubclass(kind, models.Spec) for name in kind.model_fields}
    assert confirm._FIELDS.keys() <= fields
    assert all(word and word == word.strip() for word in confirm._FIELDS.values())
    assert len(set(confirm._FIELDS.values())) == len(confirm._FIELDS)


def test_to_confirm_finds_the_activity_in_its_own_module(scene):
    page = {"page": "carte", "title": "La carte", "text": "À lire."}
    module = {"key": "M2", "title": "Second", "summary": "Résumé.", "activities": [page]}
    paths = [f"modules.{key}.activities.carte.title" for key in ("M2", "M1")]
    item = scene.small(modules=[*scene.PROGRAMME["modules"], module], to_confirm=paths)
    assert [found.about for found in item.view().to_confirm] == [
        "« La carte » (module M2)",
        "« Carte des synergies » (module M1)",
    ]
    assert [is_to_confirm(item.programme, key, "title") for key in ("M1.carte", "M2.carte", "M2.plan")] == [
        True, True, False,
    ]  # fmt: skip
