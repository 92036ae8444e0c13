"""The Merkle tree of RFC 9162: hashes, frontier, proofs and their verification.

Pure: bytes in, bytes out; no I/O, no clock, no store. Whoever has the nodes gives them as a function.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from moodle_sync.errors import ProofError

HASH_SIZE = 32
_BUNCH = 64  # leaves of a subtree that a frontier takes at once: any power of two gives the same tree
EMPTY_ROOT = hashlib.sha256(b"").digest()

Nodes = Callable[[int, int], bytes]
"""``nodes(level, index)``: the hash of the full subtree over leaves ``[index << level, (index + 1) << level)``."""


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 ‖ leaf), RFC 9162 §2.1.1."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right), RFC 9162 §2.1.1."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def full_root(hashes: Sequence[bytes]) -> bytes:
    """The hash over a full subtree, from its 1, 2, 4, 8 … node hashes of one level."""
    level = list(hashes)
    if not level or len(level) & (len(level) - 1):
        raise ValueError(f"{len(level)} nodes make no full subtree")
    sha256 = hashlib.sha256
    while len(level) > 1:  # node_hash, without a call for each
        level = [sha256(b"\x01" + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=True)]
    return level[0]


class Frontier:
    """The right edge of a growing tree: the roots of its full subtrees, largest first. Memory: log2(size) hashes."""

    def __init__(self, size: int = 0, nodes: Sequence[bytes] = ()) -> None:
        if len(nodes) != size.bit_count() or any(len(node) != HASH_SIZE for node in nodes):
            raise ValueError(f"{len(nodes)} nodes are no frontier of a tree of {size} leaves")
        self.size = size
        self._nodes = list(nodes)

    @classmethod
    def from_bytes(cls, size: int, data: bytes) -> Frontier:
        """The reverse of :meth:`to_bytes`; raises ValueError when the length does not fit the size."""
        if len(data) % HASH_SIZE:
            raise ValueError("a frontier is a whole number of hashes")
        return cls(size, [data[i : i + HASH_SIZE] for i in range(0, len(data), HASH_SIZE)])

    def to_bytes(self) -> bytes:
        """The hashes, largest subtree first."""
        return b"".join(self._nodes)

    def append(self, leaf: bytes) -> None:
        """Adds one leaf, given its hash."""
        node, size = leaf, self.size
        while size & 1:
            node = node_hash(self._nodes.pop(), node)
            size >>= 1
        self._nodes.append(node)
        self.size += 1

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Adds leaves, given their hashes: as :meth:`append` one by one, but whole subtrees at once."""
        done = 0
        while done < len(leaves):
            if self.size % _BUNCH or len(leaves) - done < _BUNCH:
                self.append(leaves[done])
                done += 1
                continue
            node, above = full_root(leaves[done : done + _BUNCH]), self.size // _BUNCH
            while above & 1:
                node = node_hash(self._nodes.pop(), node)
                above >>= 1
            self._nodes.append(node)
            self.size += _BUNCH
            done += _BUNCH

    def root(self) -> bytes:
        """The root of the tree at its present size."""
        if not self._nodes:
            return EMPTY_ROOT
        root = self._nodes[-1]
        for node in reversed(self._nodes[:-1]):
            root = node_hash(node, root)
        return root


def root_at(size: int, nodes: Nodes) -> bytes:
    """The root of the first ``size`` leaves."""
    return _subtree(0, size, nodes) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, nodes: Nodes) -> list[bytes]:
    """The audit path of a leaf in the tree of ``size`` leaves, RFC 9162 §2.1.3.1."""
    if not 0 <= index < size:
        raise ProofError(f"there is no leaf {index} in a tree of {size}")
    path: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(_subtree(middle, high, nodes))
            high = middle
        else:
            path.append(_subtree(low, middle, nodes))
            low = middle
    return path[::-1]


def consistency_proof(size1: int, size2: int, nodes: Nodes) -> list[bytes]:
    """The proof that the tree of ``size1`` leaves is the beginning of that of ``size2``, RFC 9162 §2.1.4.1."""
    _require_sizes(size1, size2)
    proof: list[bytes] = []
    low, high, whole = 0, size2, True  # whole: the subtree is one that the verifier knows, as size1's own root
    while size1 != high:
        middle = low + _split(high - low)
        if size1 <= middle:
            proof.append(_subtree(middle, high, nodes))
            high = middle
        else:
            proof.append(_subtree(low, middle, nodes))
            low, whole = middle, False
    if not whole:
        proof.append(_subtree(low, high, nodes))
    return proof[::-1]


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Passes when the leaf of that hash is at that index of the tree with that root, RFC 9162 §2.1.3.2.

    Raises:
        ProofError: it is not, or the proof is not one.
    """
    if not 0 <= index < size:
        raise ProofError(f"there is no leaf {index} in a tree of {size}")
    _require_hashes([leaf, root, *proof])
    fn, sn, found = index, size - 1, leaf
    for node in proof:
        if sn == 0:
            raise ProofError("the inclusion proof is too long")
        if fn & 1 or fn == sn:
            found = node_hash(node, found)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            found = node_hash(found, node)
        fn, sn = fn >> 1, sn >> 1
    if sn:
        raise ProofError("the inclusion proof is too short")
    if found != root:
        raise ProofError(f"leaf {index} is not in the tree of {size} with this root")


def verify_consistency(size1: int, size2: int, proof: Sequence[bytes], root1: bytes, root2: bytes) -> None:
    """Passes when the tree of ``size1`` leaves is the beginning of that of ``size2``, RFC 9162 §2.1.4.2.

    Raises:
        ProofError: it is not, the proof is not one, or not ``1 <= size1 <= size2``.
    """
    _require_sizes(size1, size2)
    _require_hashes([root1, root2, *proof])
    if size1 == size2:
        if proof or root1 != root2:
            raise ProofError(f"two different trees of {size1} leaves, or a proof where none is needed")
        return
    path = list(proof) if size1 & (size1 - 1) else [root1, *proof]
    if not path:
        raise ProofError("the consistency proof is empty")
    fn, sn = size1 - 1, size2 - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    old = new = path[0]
    for node in path[1:]:
        if sn == 0:
            raise ProofError("the consistency proof is too long")
        if fn & 1 or fn == sn:
            old, new = node_hash(node, old), node_hash(node, new)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            new = node_hash(new, node)
        fn, sn = fn >> 1, sn >> 1
    if sn:
        raise ProofError("the consistency proof is too short")
    if old != root1 or new != root2:
        raise ProofError(f"the tree of {size1} leaves is not the beginning of the tree of {size2}")


def _split(count: int) -> int:
    # The largest power of two smaller than count.
    return 1 << ((count - 1).bit_length() - 1)


def _subtree(low: int, high: int, nodes: Nodes) -> bytes:
    count = high - low
    if not count & (count - 1):
        level = count.bit_length() - 1
        return nodes(level, low >> level)  # every subtree of RFC 9162 starts at a multiple of its own width
    middle = low + _split(count)
    return node_hash(nodes((middle - low).bit_length() - 1, low // (middle - low)), _subtree(middle, high, nodes))


def _require_sizes(size1: int, size2: int) -> None:
    if not 1 <= size1 <= size2:
        raise ProofError(f"no consistency between {size1} and {size2} leaves can be proven: 1 <= size1 <= size2")


def _require_hashes(hashes: Sequence[bytes]) -> None:
    if any(len(item) != HASH_SIZE for item in hashes):
        raise ProofError("a proof, leaf or root holds something that is not a SHA-256 hash")
