"""Small words for messages: "did you mean …?", lists, quotes."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that ``word`` most likely stands for (letter case set aside), or None."""
    by_folded = {candidate.casefold(): candidate for candidate in sorted(known)}
    found = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str], places: Mapping[str, str] | None = None) -> str:
    """``'; did you mean "x" (where it is)?'``, or what is known when few, or nothing. Goes at the end of a sentence."""
    candidates = sorted(set(known))
    match = closest(word, candidates)
    if match is not None:
        place = (places or {}).get(match)
        return f'; did you mean "{match}"' + (f" ({place})?" if place else "?")
    if 0 < len(candidates) <= 8:
        return f"; known here: {', '.join(candidates)}"
    return ""


def one_of(words: Iterable[str], last: str = "or") -> str:
    """``"a", "b" or "c"``."""
    quoted = [f'"{word}"' for word in words]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} {last} {quoted[-1]}"
