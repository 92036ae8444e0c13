"""The grounds on which something is erased, or an erasure is refused, by the letters of article 17 GDPR.

Closed lists: the word goes into a leaf that stays for ever, where no free text may stand.
"""

from __future__ import annotations

from typing import Literal

ErasureReason = Literal[
    "retention_over",  # 17(1)(a): no longer necessary, the organisation's retention policy says so
    "consent_withdrawn",  # 17(1)(b)
    "objection",  # 17(1)(c)
    "unlawful",  # 17(1)(d)
    "legal_obligation",  # 17(1)(e)
    "request",  # asked for by the person, and nothing stands against it
]

RefusalReason = Literal[
    "legal_obligation",  # 17(3)(b): such as proofs of realisation that a funder may still control
    "archiving",  # 17(3)(d)
    "legal_claims",  # 17(3)(e)
]
