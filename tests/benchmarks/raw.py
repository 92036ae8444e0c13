"""The simplest honest pipeline: what a ledger costs at the least, without staging, comparing or guard rails.

A leaf and a payload in canonical form (rfc8785), an HMAC as commitment, AES-GCM, SHA-256 of the leaf, and one row an
entry, 500 rows a transaction, through SQLAlchemy Core. It is measured in the same run as the real one, so that their
ratio says something on any machine.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import rfc8785
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, create_engine, event, insert

ROWS = 500
TABLE = Table(
    "raw_entry",
    MetaData(),
    Column("idx", Integer, primary_key=True, autoincrement=False),
    Column("leaf", LargeBinary, nullable=False),
    Column("leaf_hash", LargeBinary, nullable=False),
    Column("nonce", LargeBinary, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
    Column("commitment", LargeBinary, nullable=False),
)


def run(folder: Path, url: str | None, payloads: Sequence[dict[str, Any]]) -> None:
    """Appends an entry for each payload; all of them are on disk when this returns."""
    engine = create_engine(url or f"sqlite:///{folder / 'raw.db'}")
    if url is None:
        event.listen(engine, "connect", _as_strict_as_ours)
    TABLE.drop(engine, checkfirst=True)
    TABLE.create(engine)
    key = os.urandom(32)
    for start in range(0, len(payloads), ROWS):
        rows = [_row(key, start + place, payload) for place, payload in enumerate(payloads[start : start + ROWS])]
        with engine.begin() as connection:
            connection.execute(insert(TABLE), rows)
    TABLE.drop(engine)
    engine.dispose()


def _as_strict_as_ours(connection: Any, _: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


def _row(key: bytes, idx: int, payload: dict[str, Any]) -> dict[str, Any]:
    data, salt, nonce = rfc8785.dumps(payload), os.urandom(32), os.urandom(12)
    commitment = hmac.new(salt, data, hashlib.sha256).digest()
    leaf = rfc8785.dumps(
        {
            "v": 1,
            "kind": "observed",
            "site": "main",
            "session": payload["course"],
            "programme": "7c" * 32,
            "plan": None,
            "run": "5f" * 16,
            "observed_at": "2026-11-02T04:30:00Z",
            "subject": "a1" * 16,
            "previous": None,
            "commitment": commitment.hex(),
            "content": None,
        }
    )
    return {
        "idx": idx,
        "leaf": leaf,
        "leaf_hash": hashlib.sha256(b"\x00" + leaf).digest(),
        "nonce": nonce,
        "ciphertext": AESGCM(key).encrypt(nonce, data, commitment),
        "commitment": commitment,
    }
