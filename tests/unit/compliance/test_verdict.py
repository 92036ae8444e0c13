import pytest

from moodle_sync.compliance import Finding, Verdict


@pytest.mark.parametrize("verdict", [Verdict.OK, Verdict.LATE, Verdict.BREACH])
def test_finding_that_claims_evidence_without_entries_is_refused(verdict):
    with pytest.raises(ValueError, match=f"rule objective_acquired: the verdict {verdict} rests on no entry"):
        Finding("objective_acquired", verdict, "acquis")


@pytest.mark.parametrize("verdict", [item for item in Verdict if item not in ("ok", "late", "breach")])
def test_finding_that_claims_nothing_needs_no_entries(verdict):
    assert Finding("objective_acquired", verdict, "phrase").entries == ()


def test_verdicts_are_called_as_they_are_named():
    assert {item.name.lower(): item.value for item in Verdict} == {
        word: word for word in ("ok", "gap", "late", "breach", "pending", "not_applicable", "unknown", "erased")
    }
