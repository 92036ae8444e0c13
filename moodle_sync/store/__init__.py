"""What is kept between two runs: tables, transactions, migrations, and the keystore beside them.

The only package that speaks SQL. One small repository module a concern; none of them judges, hashes a tree or signs:
that is ``ledger``. Nothing here reads Moodle.
"""

from moodle_sync.store.engine import Store, Transaction, init_store, open_store

__all__ = ["Store", "Transaction", "init_store", "open_store"]
