"""Last of all, a questionnaire is deleted: what it gave stays in the ledger, and that it is gone is entered as well."""

import pytest
from livesupport.folder import Folder
from livesupport.questionnaires import analyses
from livesupport.site import LiveSite
from livesupport.story import done, pull, sealed
from livesupport.tool import moodle_sync

from moodle_sync.workflows.demo.people import Course


@pytest.mark.needs_companion("it makes the questionnaires")
def test_a_deleted_questionnaire_vanishes_and_what_it_gave_stays(
    live: LiveSite, folder: Folder, course: Course
) -> None:
    pull(folder)
    before, cmid = sealed(folder), course.modules["besoins"].cmid
    live.editor.ws("core_course_delete_modules", cmids=[cmid])
    pull(folder)
    after = sealed(folder)
    assert after[: len(before)] == before
    [gone] = [fact for fact in after[len(before) :] if fact.kind == "vanished" and fact.was == "feedback_analysis"]
    assert (gone.object, gone.userid) == (f"feedback_analysis:{cmid}", 0)
    assert analyses(folder)["besoins"].answers == 5
    assert pull(folder)["new_entries"] == 0
    target = folder.path / "report-after.html"
    done(moodle_sync(folder, "report", "session", folder.session, "--out", str(target)))
    assert "n'est plus dans Moodle" in target.read_text(encoding="utf-8").replace("&#39;", "'")
