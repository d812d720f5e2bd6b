"""What every recommendation owes a person: a sentence, a number, and what would change it.

The builders of these tests call it on each advice they make, so that no case goes unread.
"""

import re

from app.domain.recommendations import Advice

LEFT_OVER = re.compile(
    r"\bNone\b(?! of)|\bnan\b|\binf\b|[{}<>]|  |(?<!\.)\.\.(?!\.)|\.,|Purpose\.|Action\."
)


def complaints(advice: Advice) -> list[str]:
    """What a reader would stumble over; empty: it reads well."""
    found = []
    if not re.match(r"[A-Z0-9a-z_]", advice.sentence) or not advice.sentence.endswith((".", "?")):
        found.append(f"not a sentence: {advice.sentence!r}")
    told = [advice.sentence, *(reason.message for reason in advice.reasons)]
    if not any(re.search(r"\d", words) for words in told):
        found.append(f"without a number: {told}")
    if not advice.would_change_my_mind:
        found.append("would_change_my_mind is empty")
    found += [f"without a full stop: {r}" for r in told if not r.endswith((".", "?"))]
    words = [*told, *advice.would_change_my_mind, *(w.reason for w in advice.promote)]
    found += [f"not for people: {text!r}" for text in words if LEFT_OVER.search(text)]
    return found


def assert_reads_well(advice: Advice) -> None:
    """Fail with everything that a reader would stumble over."""
    found = complaints(advice)
    assert not found, "\n".join(found)
