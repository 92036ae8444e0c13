from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moodle_sync.errors import VerificationFailed
from moodle_sync.ledger.entries import Leaf, Mould, parse, reveal
from moodle_sync.store.keys import SubjectKey, commit


def replace(leaf: Leaf, **members: Any) -> Leaf:
    return leaf._replace(**members)


LEAF = Leaf(
    kind="observed",
    site="main",
    session="sag:a@1",
    programme=None,
    plan=None,
    run="r1",
    observed_at="2026-02-03T08:00:00Z",
    subject="p1",
    previous=(2026, 4),
    commitment="ab" * 32,
    content=None,
)
RUN = replace(LEAF, kind="run", subject=None, previous=None, commitment=None, content={"new": 1})


def test_leaf_bytes_are_these_for_ever() -> None:
    assert LEAF.to_bytes() == (
        b'{"commitment":"' + b"ab" * 32 + b'","content":null,"kind":"observed","observed_at":"2026-02-03T08:00:00Z",'
        b'"plan":null,"previous":[2026,4],"programme":null,"run":"r1","session":"sag:a@1","site":"main",'
        b'"subject":"p1","v":1}'
    )


@pytest.mark.parametrize("leaf", [LEAF, RUN, replace(LEAF, previous=None), replace(LEAF, kind="attested")])
def test_parse_gives_back_the_leaf(leaf: Leaf) -> None:
    assert parse(leaf.to_bytes()) == leaf


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        LEAF.to_bytes() + b" ",
        LEAF.to_bytes().replace(b'"v":1', b'"v":2'),
        LEAF.to_bytes().replace(b'"v":1', b'"v":1,"w":1'),
        LEAF.to_bytes().replace(b'"plan":null,', b""),
        LEAF.to_bytes().replace(b'"plan":null', b'"plan": null'),
        LEAF.to_bytes().replace(b'"plan":null', b'"plan":1.5'),
        LEAF.to_bytes().replace(b"[2026,4]", b"[2026]"),
        LEAF.to_bytes().replace(b"[2026,4]", b"4"),
        replace(LEAF, kind="verdict").to_bytes(),
        replace(LEAF, commitment=None).to_bytes(),
        replace(LEAF, content={}).to_bytes(),
        replace(RUN, content=None).to_bytes(),
        b"\xff",
    ],
)
def test_parse_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(VerificationFailed):
        parse(data)


def test_leaf_has_no_place_for_what_re_identifies() -> None:
    names = set(Leaf._fields)
    assert names.isdisjoint({"userid", "object", "object_id", "value", "occurred_at", "payload", "verdict"})


def test_conceal_comes_back_and_never_twice_the_same() -> None:
    key = SubjectKey(bytes(32))
    first, second = key.conceal(b'{"grade":"12"}'), key.conceal(b'{"grade":"12"}')
    nonce, ciphertext, commitment, wrapped = first
    assert reveal(key, nonce, ciphertext, commitment) == {"grade": "12"}
    assert commit(key.unseal_salt(commitment, wrapped), b'{"grade":"12"}') == commitment
    assert all(one != other for one, other in zip(first, second, strict=True))
    with pytest.raises(VerificationFailed):
        reveal(key, nonce, ciphertext, second[2])


TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXT, TEXT, st.none() | TEXT, st.none() | st.tuples(st.integers(0, 9999), st.integers(0, 10**9)))
def test_mould_gives_the_bytes_of_the_leaf(session: str, subject: str, plan: str | None, previous: Any) -> None:
    """Whatever stands in the members: also what looks like the bytes between them."""
    leaf = replace(LEAF, session=session, subject=subject, plan=plan, previous=previous)
    mould = Mould(replace(leaf, subject=None, plan=None, previous=None, commitment=None))
    assert mould.fill(subject, previous, bytes.fromhex(LEAF.commitment or ""), plan) == leaf.to_bytes()
