"""Opens the master key that config.toml names, for what stands for a person in plans."""

from __future__ import annotations

import os
from collections.abc import Callable

from moodle_sync.config import Settings
from moodle_sync.store.keys import load_master_key
from moodle_sync.store.keystore import open_keystore


def person_digests(settings: Settings) -> Callable[[str], str]:
    """A function from a person's external key to the keyed digest that stands for them in plans and journals.

    Raises:
        LedgerUnusable: there is no master key or keystore yet, or they cannot be read.
    """
    master = load_master_key(settings.ledger.master_key, os.environ, settings.ledger.master_keyring)
    with open_keystore(settings.ledger.keystore, master, readonly=True) as keystore:
        return keystore.master.person  # as the first master key made them: Moodle holds them
