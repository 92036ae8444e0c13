"""faults: what is asked to go wrong goes wrong, that often, and no more."""

from __future__ import annotations

from moodle_sync.sandbox.faults import FAIL, LOSE, Faults


def test_lose_answer_strikes_the_nth_call_of_its_function_once() -> None:
    faults = Faults()
    faults.lose_answer("f", 2)
    assert [faults.strike(LOSE, name) is not None for name in ("f", "g", "f", "f")] == [False, False, True, False]
    assert faults.strike(FAIL, "f") is None


def test_fail_strikes_as_often_as_asked() -> None:
    faults = Faults()
    faults.fail("*", "dmlwriteexception", times=2)
    struck = [faults.strike(FAIL, name) for name in ("f", "g", "h")]
    assert [one.errorcode if one else "" for one in struck] == ["dmlwriteexception", "dmlwriteexception", ""]
    faults.fail("f")
    fault = faults.strike(FAIL, "f")
    assert fault is not None
    assert fault.status == 503


def test_lack_takes_from_one_user_or_everybody() -> None:
    faults = Faults()
    faults.lack("mod/quiz:view")
    faults.lack("mod/assign:view", "*")
    assert faults.lacks("mod/quiz:view", "ws_pull")
    assert not faults.lacks("mod/quiz:view", "ws_push")
    assert faults.lacks("mod/assign:view", "apprenant01")


def test_clear_ends_every_fault() -> None:
    faults = Faults()
    faults.fail("f")
    faults.slow("f", 3)
    faults.lack("x")
    assert (faults.delay("f"), faults.delay("g")) == (3, 0)
    faults.clear()
    assert (faults.strike(FAIL, "f"), faults.delay("f"), faults.lacks("x", "ws_pull")) == (None, 0, False)
