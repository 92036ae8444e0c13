"""Where checkpoints go: outside the database, so that somebody else can tell when it was rewritten.

Each publisher fulfils ``ledger.outside.Place``. They carry signed notes and sign nothing themselves.
"""
