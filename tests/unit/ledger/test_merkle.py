"""Trees of the test's own making: every proof up to a size, and every mutant of a smaller range."""

from __future__ import annotations

import hashlib
import itertools
import sys
from collections.abc import Iterator

import pytest

from moodle_sync.errors import ProofError
from moodle_sync.ledger import merkle

LEAVES = [merkle.leaf_hash(f"leaf {n}".encode()) for n in range(130)]


def _naive(hashes: list[bytes]) -> bytes:
    # RFC 9162 §2.1.1, word for word: another way than the frontier's and the proofs'.
    if len(hashes) <= 1:
        return hashes[0] if hashes else hashlib.sha256(b"").digest()
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return hashlib.sha256(b"\x01" + _naive(hashes[:k]) + _naive(hashes[k:])).digest()


ROOTS = [_naive(LEAVES[:n]) for n in range(len(LEAVES) + 1)]


def _nodes(level: int, index: int) -> bytes:
    return _naive(LEAVES[index << level : (index + 1) << level])


def _mutants(proof: list[bytes]) -> Iterator[list[bytes]]:
    for place, byte in itertools.product(range(len(proof)), range(32)):
        changed = bytearray(proof[place])
        changed[byte] ^= 1 << (byte % 8)
        yield [*proof[:place], bytes(changed), *proof[place + 1 :]]
    for place in range(len(proof)):
        yield proof[:place] + proof[place + 1 :]
        yield [*proof[:place], proof[place][:-1], *proof[place + 1 :]]
    for first, second in itertools.combinations(range(len(proof)), 2):
        swapped = list(proof)
        swapped[first], swapped[second] = proof[second], proof[first]
        yield swapped
    yield [*proof, bytes(32)]
    yield [bytes(32), *proof]
    yield [*proof, b""]


def _refused(check: object, *arguments: object) -> bool:
    try:
        check(*arguments)  # type: ignore[operator]
    except ProofError:
        return True
    return False


def test_known_roots_are_those_of_the_rfc_examples() -> None:
    assert merkle.EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert merkle.leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"


@pytest.mark.parametrize("width", [2, 4, 256])
def test_growth_every_size_has_the_naive_root_whatever_was_added_at_once(width: int) -> None:
    one_by_one, roots = merkle.Growth(width), []
    for leaf in LEAVES:
        roots.append(one_by_one.root())
        one_by_one.extend([leaf])
    assert [*roots, one_by_one.root()] == ROOTS
    for step in (3, 7, 64, 500):
        at_once = merkle.Growth(width, roots_at=range(len(ROOTS) + 5))
        full = [tile for start in range(0, len(LEAVES), step) for tile in at_once.extend(LEAVES[start : start + step])]
        assert at_once.roots == dict(enumerate(ROOTS))
        assert at_once.frontier() == one_by_one.frontier()
        assert len(at_once.frontier()) == len(LEAVES).bit_count()
        for level, n, hashes in [*full, *at_once.edge()]:
            first = n * width
            assert hashes == [_nodes(level * (width.bit_length() - 1), first + at) for at in range(len(hashes))]
        assert len({tile[:2] for tile in full}) == len(full)


def test_growth_from_any_edge_goes_on_as_if_never_stopped() -> None:
    for size in range(len(LEAVES)):
        growth = merkle.Growth(4)
        growth.extend(LEAVES[:size])
        edge = {level: hashes for level, _, hashes in growth.edge()} | {0: LEAVES[size - size % 4 : size]}
        again = merkle.Growth(4, size, [edge.get(level, []) for level in range(max(edge) + 1)], roots_at=[size, 1000])
        again.extend(LEAVES[size:])
        assert (again.root(), again.roots) == (ROOTS[-1], {size: ROOTS[size]})


ONE = bytes(32)


@pytest.mark.parametrize(
    ("size", "edge"),
    [(1, [[]]), (2, [[ONE]]), (4, [[], []]), (5, [[ONE], [ONE, ONE]]), (0, [[ONE]]), (4, [[]])],
)
def test_growth_from_what_is_not_the_edge_of_such_a_tree_is_refused(size: int, edge: list[list[bytes]]) -> None:
    with pytest.raises(ValueError, match="edge"):
        merkle.Growth(4, size, edge)


def test_inclusion_every_leaf_of_every_tree_is_proven_and_every_mutant_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    proven = refused = 0
    for size in range(1, 81):
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, _nodes)
            merkle.verify_inclusion(index, size, LEAVES[index], proof, ROOTS[size])
            proven += 1
            if size > 20:
                continue
            good = (index, size, LEAVES[index], proof, ROOTS[size])
            bad = [(index, size, LEAVES[index], mutant, ROOTS[size]) for mutant in _mutants(proof)]
            bad += [(other, *good[1:]) for other in (-1, index - 1, index + 1, index ^ 1, size) if other != index]
            bad += [(index, size, LEAVES[-1], proof, ROOTS[size]), (*good[:4], ROOTS[size - 1]), (*good[:4], b"")]
            for case in bad:
                assert _refused(merkle.verify_inclusion, *case), (size, index)
            refused += len(bad)
    with capsys.disabled():
        sys.stdout.write(f"\ninclusion: {proven} proofs accepted, {refused} mutants refused")
    assert proven == 3240


def test_consistency_every_pair_is_proven_and_every_mutant_refused(capsys: pytest.CaptureFixture[str]) -> None:
    proven = refused = 0
    for size2 in range(1, 81):
        for size1 in range(1, size2 + 1):
            proof = merkle.consistency_proof(size1, size2, _nodes)
            merkle.verify_consistency(size1, size2, proof, ROOTS[size1], ROOTS[size2])
            proven += 1
            if size2 > 20:
                continue
            roots = ROOTS[size1], ROOTS[size2]
            bad = [(size1, size2, mutant, *roots) for mutant in _mutants(proof)]
            bad += [(size1, size2, proof, ROOTS[90], roots[1]), (size1, size2, proof, roots[0], ROOTS[90])]
            bad += [(size1 - 1, size2, proof, *roots), (0, size2, proof, *roots), (size2 + 1, size2, proof, *roots)]
            if size1 != size2:
                bad.append((size1, size2, proof, roots[1], roots[0]))
            for case in bad:
                assert _refused(merkle.verify_consistency, *case), (size1, size2)
            refused += len(bad)
    with capsys.disabled():
        sys.stdout.write(f"\nconsistency: {proven} proofs accepted, {refused} mutants refused")
    assert proven == 3240


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3)])
def test_inclusion_proof_of_no_leaf_is_refused(index: int, size: int) -> None:
    with pytest.raises(ProofError):
        merkle.inclusion_proof(index, size, _nodes)


@pytest.mark.parametrize(("size1", "size2"), [(0, 3), (4, 3), (0, 0), (-1, 2)])
def test_consistency_proof_of_impossible_sizes_is_refused(size1: int, size2: int) -> None:
    with pytest.raises(ProofError):
        merkle.consistency_proof(size1, size2, _nodes)


@pytest.mark.parametrize("count", [0, 3, 5, 6])
def test_full_root_of_no_full_subtree_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="full subtree"):
        merkle.full_root(LEAVES[:count])
