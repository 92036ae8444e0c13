"""The guard rails of the ledger's tables on SQLite, by name: what is sealed refuses UPDATE, DELETE, REPLACE and gaps.

They stop accidents. Whoever holds the file can drop them: only proofs against an outside checkpoint are evidence.
Migrations write these texts and never change one in place: a new text gets a new name.
"""

from __future__ import annotations


def _refuse(table: str, action: str) -> tuple[str, str]:
    name = f"{table}_no_{action.lower()}"
    body = f"SELECT RAISE(ABORT, '{table} is append-only: {action} refused')"
    return name, f"CREATE TRIGGER {name} BEFORE {action} ON {table} BEGIN {body}; END"


_NO_GAP = (
    "entry_no_gap",
    "CREATE TRIGGER entry_no_gap BEFORE INSERT ON entry "
    "WHEN NEW.idx <> (SELECT COALESCE(MAX(idx) + 1, 0) FROM entry WHERE shard = NEW.shard) "
    "OR EXISTS (SELECT 1 FROM entry WHERE shard > NEW.shard) "
    "BEGIN SELECT RAISE(ABORT, 'entry is append-only: this is not the next index'); END",
)
_SAME_SIZE = (
    "checkpoint_no_second",
    "CREATE TRIGGER checkpoint_no_second BEFORE INSERT ON checkpoint "
    "WHEN EXISTS (SELECT 1 FROM checkpoint WHERE shard = NEW.shard AND size >= NEW.size) "
    "BEGIN SELECT RAISE(ABORT, 'checkpoint is append-only: sizes only grow'); END",
)

GUARDS: dict[str, str] = dict(
    [
        _refuse("entry", "UPDATE"),
        _refuse("entry", "DELETE"),
        _NO_GAP,
        _refuse("checkpoint", "UPDATE"),
        _refuse("checkpoint", "DELETE"),
        _SAME_SIZE,
        _refuse("spec_version", "UPDATE"),
        _refuse("spec_version", "DELETE"),
        _refuse("binding", "UPDATE"),
        _refuse("binding", "DELETE"),
    ]
)
