"""The guard rails of the ledger's tables on PostgreSQL: the promises of ``store.guards``, and no TRUNCATE either.

Some look at a whole statement at once: with several rows an INSERT they cost next to nothing. They stand also for a
session that calls itself a replica. Migrations write these texts and never change one in place: a new text gets a new
name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, text

_REFUSED = "USING ERRCODE = 'integrity_constraint_violation'"

FUNCTIONS: dict[str, str] = {
    "ledger_refuse": f"""
BEGIN
  RAISE EXCEPTION '% is append-only: % refused', TG_ARGV[0], TG_OP {_REFUSED};
END
""",
    "ledger_next_entry": f"""
DECLARE
  new record;
BEGIN
  FOR new IN SELECT shard, min(idx) AS first, max(idx) AS last, count(*) AS rows FROM added GROUP BY shard LOOP
    IF new.last - new.first + 1 <> new.rows
      OR new.first > 0 AND NOT EXISTS (SELECT FROM entry WHERE shard = new.shard AND idx = new.first - 1)
      OR EXISTS (SELECT FROM entry WHERE shard > new.shard)
    THEN
      RAISE EXCEPTION 'entry is append-only: this is not the next index' {_REFUSED};
    END IF;
  END LOOP;
  RETURN NULL;
END
""",  # noqa: S608 (constants)
    "ledger_next_checkpoint": f"""
BEGIN
  IF EXISTS (SELECT FROM checkpoint WHERE shard = NEW.shard AND size >= NEW.size) THEN
    RAISE EXCEPTION 'checkpoint is append-only: sizes only grow' {_REFUSED};
  END IF;
  RETURN NEW;
END
""",
}

_BITS = {"ROW": 1, "BEFORE": 2, "INSERT": 4, "DELETE": 8, "UPDATE": 16, "TRUNCATE": 32}  # of pg_trigger.tgtype


@dataclass(frozen=True)
class Guard:
    """One trigger. ``level`` is ROW or STATEMENT; a table's partitions inherit only those for each row."""

    table: str
    name: str
    when: str
    action: str
    level: str
    function: str

    def statements(self, place: str) -> Iterator[str]:
        """Makes it on the table, or on a partition of it."""
        added = "REFERENCING NEW TABLE AS added " if self.when == "AFTER" else ""
        argument = f"'{self.table}'" if self.function == "ledger_refuse" else ""
        yield (
            f"CREATE TRIGGER {self.name} {self.when} {self.action} ON {place} {added}"
            f"FOR EACH {self.level} EXECUTE FUNCTION {self.function}({argument})"
        )
        yield self.always(place)

    def always(self, place: str) -> str:
        """Lets it fire whatever ``session_replication_role`` says."""
        return f"ALTER TABLE {place} ENABLE ALWAYS TRIGGER {self.name}"

    def described(self) -> tuple[object, ...]:
        """It as the catalogue describes it: type, function, its text, arguments, transition table."""
        bits = sum(_BITS.get(word, 0) for word in (self.level, self.when, self.action))
        refuses = self.function == "ledger_refuse"
        arguments = f"{self.table}\0".encode() if refuses else b""
        added = "added" if self.when == "AFTER" else None
        return bits, self.function, FUNCTIONS[self.function], arguments, added


def _append_only(table: str) -> list[Guard]:
    actions = (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT"))
    return [Guard(table, f"{table}_no_{a.lower()}", "BEFORE", a, level, "ledger_refuse") for a, level in actions]


GUARDS: tuple[Guard, ...] = (
    *_append_only("entry"),
    Guard("entry", "entry_no_gap", "AFTER", "INSERT", "STATEMENT", "ledger_next_entry"),
    *_append_only("checkpoint"),
    Guard("checkpoint", "checkpoint_no_second", "BEFORE", "INSERT", "ROW", "ledger_next_checkpoint"),
    *_append_only("spec_version"),
    *_append_only("binding"),
)

_FOUND = text(
    "SELECT c.relname, t.tgname, t.tgtype, p.proname, p.prosrc, t.tgargs, t.tgnewtable,"
    " t.tgenabled = 'A' AND t.tgqual IS NULL AND t.tgattr = '' AND p.proconfig IS NULL AS whole"
    " FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid"
    " WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace"
)
_PARTITIONS = text(
    "SELECT p.relname, c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
    " JOIN pg_class p ON p.oid = i.inhparent WHERE p.relnamespace = current_schema()::regnamespace AND p.relkind = 'p'"
)


def statements(*tables: str) -> Iterator[str]:
    """What makes the functions, and the guard rails of these tables."""
    wanted = [guard for guard in GUARDS if guard.table in tables]
    for name in dict.fromkeys(guard.function for guard in wanted):
        yield f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $guard${FUNCTIONS[name]}$guard$"
    for guard in wanted:
        yield from guard.statements(guard.table)


def on_partition(table: str, partition: str) -> Iterator[str]:
    """What makes those guard rails of a table on a new partition that it does not inherit; before it is attached."""
    for guard in GUARDS:
        if guard.table == table and guard.level == "STATEMENT":
            yield from guard.statements(partition)


def on_attached(table: str, partition: str) -> Iterator[str]:
    """What is left to do for those that it inherits, once it is attached."""
    for guard in GUARDS:
        if guard.table == table and guard.level == "ROW":
            yield guard.always(partition)


def missing(transaction: Connection) -> list[str]:
    """Names of the guard rails that are gone, disabled, or not as the migration made them, sorted."""
    places: dict[str, list[str]] = {guard.table: [guard.table] for guard in GUARDS}
    for parent, partition in transaction.execute(_PARTITIONS):
        places.setdefault(parent, []).append(partition)
    found = {
        (row.relname, row.tgname): (row.tgtype, row.proname, row.prosrc, bytes(row.tgargs), row.tgnewtable)
        for row in transaction.execute(_FOUND)
        if row.whole
    }
    wanted = [(place, guard) for guard in GUARDS for place in places[guard.table]]
    return sorted(
        guard.name if place == guard.table else f"{guard.name} of {place}"
        for place, guard in wanted
        if found.get((place, guard.name)) != guard.described()
    )
