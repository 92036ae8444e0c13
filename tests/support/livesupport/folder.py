"""A working folder for one run: the shipped programme, a session dated around today, enrolments and a configuration."""

import csv
import secrets
import shutil
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from livesupport.site import LiveSite
from moodle_sync.workflows.demo.edits import Names

ROOT = Path(__file__).resolve().parents[3]
PAST_DAYS = 8
"""Training days that lie behind today: their due dates are past, the last two days' are not."""

IN_A_GROUP = 3
"""How many learners are in the group "nord"; the group "sud" is empty."""


@dataclass(frozen=True)
class Folder:
    """One run's folder, namespace and session. Everything made on the site starts with the namespace."""

    path: Path
    namespace: str
    session: str
    url: str

    @property
    def course(self) -> str:
        """The course's idnumber."""
        return f"{self.namespace}:pouvoir-dagir@{self.session}"

    @property
    def names(self) -> Names:
        """The idnumbers that edits need."""
        return Names(self.namespace, self.course, self.framework, self.category, "sud")

    @property
    def framework(self) -> str:
        """The framework's idnumber."""
        return f"{self.namespace}:cooperation-territoriale@2026-02"

    @property
    def category(self) -> str:
        """The category's idnumber."""
        return f"{self.namespace}:formations"


def make_folder(path: Path, site: LiveSite, today: date, learners: int) -> Folder:
    """Write the folder. The first ``learners`` learners and the trainers are enrolled by file."""
    namespace = f"lv-{secrets.token_hex(3)}"
    session = f"{today:%Y-%m-%d}-{namespace}"
    shutil.copytree(ROOT / "course_specs", path / "course_specs")
    shutil.copytree(ROOT / "mappings", path / "mappings")
    for file in (path / "course_specs" / "sessions").glob("*.yaml"):
        file.unlink()
    days = [today - timedelta(days=PAST_DAYS + 1 - number) for number in range(PAST_DAYS)]
    days += [today + timedelta(days=1), today + timedelta(days=2)]
    lines = "\n".join(f'  - {{date: {day}, half_days: ["09:00-12:30", "13:30-17:00"]}}' for day in days)
    (path / "course_specs" / "sessions" / f"{session}.yaml").write_text(
        f'session: {session}\nprogramme: pouvoir-dagir\nversion: "2026-02"\n'
        f"title: Pouvoir d'agir, essai {namespace}\nplace: Marseille\n"
        f"groups:\n  - {{key: nord, title: Groupe nord}}\n  - {{key: sud, title: Groupe sud}}\ndays:\n{lines}\n",
        encoding="utf-8",
    )
    write_enrolments(path, session, site, learners)
    (path / "config.toml").write_text(
        f'[site]\nname = "live"\nurl = "{site.url}"\nnamespace = "{namespace}"\n'
        '[ledger]\norigin = "live.example.org/moodle-sync"\ncheckpoints = "outside"\n',
        encoding="utf-8",
    )
    return Folder(path, namespace, session, site.url)


def write_enrolments(path: Path, session: str, site: LiveSite, learners: int) -> None:
    """The enrolment file of the session."""
    folder = path / "enrolments"
    folder.mkdir(exist_ok=True)
    with (folder / f"{session}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["person", "role", "group"])
        for number, learner in enumerate(site.learners[:learners]):
            writer.writerow([learner.idnumber, "student", "nord" if number < IN_A_GROUP else ""])
        writer.writerows([trainer.idnumber, "teacher", ""] for trainer in site.trainers)
