"""The Merkle tree of RFC 9162: hashes, growth, proofs and their verification.

Pure: bytes in, bytes out; no I/O, no clock, no store. Whoever has the nodes gives them as a function.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence

from moodle_sync.errors import ProofError

HASH_SIZE = 32
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


def joined_root(frontier: Sequence[bytes]) -> bytes:
    """The root of a tree, from the roots of its full subtrees, largest first (its frontier)."""
    if not frontier:
        return EMPTY_ROOT
    root = frontier[-1]
    for node in reversed(frontier[:-1]):
        root = node_hash(node, root)
    return root


class Growth:
    """A growing tree, of which only the right edge is kept: by level, the hashes of the tile that is not full yet.

    A tile holds ``width`` hashes (a power of two) of one level; its root is a hash of the tile a level up. Memory: at
    most ``width`` hashes a level. ``roots`` has the roots at those of the sizes ``roots_at`` that were passed.
    """

    def __init__(
        self, width: int, size: int = 0, edge: Sequence[Sequence[bytes]] = ((),), *, roots_at: Collection[int] = ()
    ) -> None:
        self._width = width
        self._bits = width.bit_length() - 1
        self.size = size
        self._open = [list(hashes) for hashes in edge]
        counts = [(size >> self._bits * level) % width for level in range(len(edge))]
        if [len(hashes) for hashes in edge] != counts or size >> self._bits * len(edge):
            raise ValueError(f"this is not the edge of a tree of {size} leaves")
        self._wanted = sorted({one for one in roots_at if one >= size}, reverse=True)
        self.roots: dict[int, bytes] = {}
        self._note_root()

    def extend(self, leaves: Sequence[bytes]) -> list[tuple[int, int, list[bytes]]]:
        """Adds leaves, given their hashes; returns ``(level, number, hashes)`` of each tile that became full."""
        full: list[tuple[int, int, list[bytes]]] = []
        done = 0
        while done < len(leaves):
            room = self._width - len(self._open[0])
            if self._wanted:
                room = min(room, self._wanted[-1] - self.size)
            taken = leaves[done : done + room]
            self._open[0] += taken
            self.size += len(taken)
            done += len(taken)
            self._close(full)
            self._note_root()
        return full

    def _close(self, full: list[tuple[int, int, list[bytes]]]) -> None:
        level = 0
        while len(self._open[level]) == self._width:
            hashes, self._open[level] = self._open[level], []
            full.append((level, (self.size >> self._bits * (level + 1)) - 1, hashes))
            level += 1
            if level == len(self._open):
                self._open.append([])
            self._open[level].append(full_root(hashes))

    def _note_root(self) -> None:
        if self._wanted and self._wanted[-1] == self.size:
            self.roots[self._wanted.pop()] = self.root()

    def edge(self) -> list[tuple[int, int, list[bytes]]]:
        """``(level, number, hashes)`` of each tile above the leaves that is begun and not full."""
        levels = range(1, len(self._open))
        return [(at, self.size >> self._bits * (at + 1), self._open[at]) for at in levels if self._open[at]]

    def frontier(self) -> list[bytes]:
        """The roots of the full subtrees of the tree, largest first: as many as its size has bits that are 1."""
        found: list[bytes] = []
        for hashes in reversed(self._open):
            first = 0
            for bit in reversed(range(self._bits)):
                if len(hashes) >> bit & 1:
                    found.append(full_root(hashes[first : first + (1 << bit)]))
                    first += 1 << bit
        return found

    def root(self) -> bytes:
        """The root of the tree at its present size."""
        return joined_root(self.frontier())


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
