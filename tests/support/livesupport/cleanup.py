"""Takes away what a run made, and nothing else: by the run's own namespace."""

from livesupport.folder import Folder
from livesupport.site import LiveSite


def clean(site: LiveSite, folder: Folder) -> None:
    """Delete the run's course, framework and category, as the editor."""
    ws = site.editor.ws
    courses = ws("core_course_get_courses_by_field", field="idnumber", value=folder.course)["courses"]
    if courses:
        ws("core_course_delete_courses", courseids=[course["id"] for course in courses])
    place = {"contextlevel": "system", "instanceid": 0}
    found = ws(
        "core_competency_list_competency_frameworks",
        sort="id",
        order="ASC",
        context=place,
        includes="children",
        query=folder.namespace,
    )
    for framework in found:
        if framework["idnumber"].startswith(f"{folder.namespace}:"):
            ws("core_competency_delete_competency_framework", id=framework["id"])
    categories = ws("core_course_get_categories", criteria=[{"key": "idnumber", "value": folder.category}])
    if categories:
        doomed = [{"id": category["id"], "recursive": 1} for category in categories]
        ws("core_course_delete_categories", categories=doomed)
