import pytest

from moodle_sync.compliance import Finding, Verdict


@pytest.mark.parametrize("verdict", [Verdict.OK, Verdict.LATE, Verdict.BREACH])
def test_finding_that_claims_evidence_without_entries_is_refused(verdict):
    with pytest.raises(ValueError, match="rests on no entry"):
        Finding("objective_acquired", verdict, "acquis")


@pytest.mark.parametrize("verdict", [item for item in Verdict if item not in ("ok", "late", "breach")])
def test_finding_that_claims_nothing_needs_no_entries(verdict):
    assert Finding("objective_acquired", verdict, "phrase").entries == ()
