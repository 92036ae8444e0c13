from moodle_sync.compliance.view import ActivityState, ObjectiveState, ToConfirm
from moodle_sync.reports.rows import Confirmation, activity_rows, confirmations, legend, split_timeline


def test_confirmations_put_fields_of_one_thing_and_like_things_together():
    items = [
        ToConfirm("programme", "a.due", "« A »", "l'échéance"),
        ToConfirm("programme", "a.rubric", "« A »", "la grille"),
        ToConfirm("programme", "nature", "", "la nature"),
        ToConfirm("programme", "b.due", "« B »", "l'échéance"),
        ToConfirm("programme", "b.rubric", "« B »", "la grille"),
        ToConfirm("session", "place", "", "le lieu"),
    ]
    assert confirmations(items) == (
        Confirmation("programme", ("« A »", "« B »"), ("l'échéance", "la grille")),
        Confirmation("programme", (), ("la nature",)),
        Confirmation("session", (), ("le lieu",)),
    )


def test_activity_rows_count_every_learner_once(sample):
    view = sample.view()
    rows = activity_rows(view)
    assert [row.head.key for row in rows] == [head.key for head in view.activities]
    assert {sum(n for _, n in row.counts) for row in rows} == {len(view.learners)}
    placement = next(row for row in rows if row.head.placement)
    assert dict(placement.counts) == {
        ActivityState.DONE: 2,
        ActivityState.DONE_LATE: 1,
        ActivityState.MISSING: 1,
        ActivityState.ERASED: 1,
    }


def test_legend_holds_the_states_shown_in_a_fixed_order(sample):
    assert legend(sample.view()) == tuple(ObjectiveState)  # the sample shows them all


def test_split_timeline_puts_what_is_over_apart(sample):
    view = sample.view()
    over = [item for item, past in split_timeline(view) if past]
    assert over
    assert all((item.ends or item.starts) < view.as_of for item in over)
    assert next(item.kind for item, past in split_timeline(view) if not past) == "today"
