"""What the README and the guide say to run exists, and every command is said somewhere."""

import re
from pathlib import Path

import click
import pytest

from moodle_sync.cli.main import cli

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    "README.md",
    "docs/guide.md",
    "docs/reference/reconcile.md",
    "docs/reference/publishing.md",
    "docs/reference/retention.md",
    "docs/reference/exports.md",
    "docs/reference/backup.md",
    "docs/reference/postgresql.md",
]


def commands(group: click.Group, prefix: tuple[str, ...] = ()) -> dict[tuple[str, ...], click.Command]:
    found: dict[tuple[str, ...], click.Command] = {}
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found |= commands(command, (*prefix, name))
        else:
            found[(*prefix, name)] = command
    return found


COMMANDS = commands(cli)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_that_a_page_names_exists_with_its_options(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert "moodle-sync " in text, "the page names no command at all"
    for words in re.findall(r"(?<![\w/@.-])moodle-sync ((?:[a-z][\w./@-]*|--[a-z-]+)(?: [\w./@-]+)*)", text):
        parts = words.split()
        path = next((tuple(parts[:n]) for n in (2, 1) if tuple(parts[:n]) in COMMANDS), None)
        if path is None and parts[0] in ("push", "pull"):
            continue
        assert path is not None, f"{page}: moodle-sync {words}"
        options = {name for option in COMMANDS[path].params for name in option.opts}
        assert {part for part in parts if part.startswith("--")} <= options, f"{page}: moodle-sync {words}"


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_that_a_page_names_exists(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE)) <= targets


@pytest.mark.parametrize("page", PAGES)
def test_every_link_to_a_file_leads_somewhere(page: str) -> None:
    folder = (ROOT / page).parent
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (folder / link).exists()]
    assert missing == []


def test_every_command_has_a_sentence_of_help() -> None:
    assert [path for path, command in COMMANDS.items() if not (command.help or "").strip()] == []
