"""A world as a JSON file, so that a sandbox can be stopped and started again."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from moodle_sync.errors import ConfigError
from moodle_sync.sandbox.world import World

FORMAT = 1


def save(world: World, path: Path) -> None:
    """Write the whole state, in one step: a crash leaves the old file or the new one. Readable by its owner alone."""
    tables = {
        name: {"next": table.next, "rows": [asdict(row) for row in table]} for name, table in world.tables().items()
    }
    document = {"format": FORMAT, "version": world.version, "companion": world.companion, "tables": tables}
    beside = path.with_name(f"{path.name}.new")
    beside.touch(mode=0o600)
    beside.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    beside.replace(path)


def load(world: World, path: Path) -> None:
    """Read a state into an empty world.

    Raises:
        ConfigError: no state of this program, or one of another version of Moodle.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        told = (document["format"], document["version"], document["companion"])
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ConfigError(f"{path} is no state of a sandbox", hint="Name another file, or delete it.") from error
    if told != (FORMAT, world.version, world.companion):
        raise ConfigError(
            f"{path} is the state of a sandbox of Moodle {told[1]} {'with' if told[2] else 'without'} the companion",
            hint="Start the sandbox as that, or name another file.",
        )
    for name, table in world.tables().items():
        stored = document["tables"].get(name, {"next": 1, "rows": []})
        for row in stored["rows"]:
            table.add(table.kind(**row))
        table.next = stored["next"]
