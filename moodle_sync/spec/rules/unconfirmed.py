"""What the source document does not say: every path in ``to_confirm`` names a field that is written in the file."""

from __future__ import annotations

from moodle_sync.inputs.suggest import did_you_mean
from moodle_sync.spec.rules.findings import Notes, TopLevel


def check_to_confirm(notes: Notes, item: TopLevel) -> None:
    """A notice for each open decision, at the field that it is about; a problem for a path that leads nowhere."""
    source = notes.specs.source(item)
    for index, dotted in enumerate(item.to_confirm):
        path = source.find(dotted)
        if path is None:
            names = {name for name in source.dotted_names() if not name.startswith("to_confirm")}
            hint = did_you_mean(dotted, names)
            notes.problem(item, ("to_confirm", index), f'there is no field "{dotted}" in this file{hint}')
        elif dotted in item.to_confirm[:index]:
            notes.problem(item, ("to_confirm", index), f'"{dotted}" stands here twice: take one out')
        else:
            notes.unconfirmed(item, path, "the organisation's decision, to confirm")
