"""Why this answer: four measures on the same tokens, how far they agree, and shuffled attention."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from rnnviz.explorer.parts.components import measures
from rnnviz.explorer.parts.kept import kept, kept_with
from rnnviz.explorer.parts.models import model
from rnnviz.explorer.parts.notices import plain
from rnnviz.explorer.text.figures.subject import Subject
from rnnviz.explorer.text.readings import encoded

if TYPE_CHECKING:
    from rnnviz.analysis.attribution import TextExplanation
    from rnnviz.analysis.shuffling import ShuffledAttention

SHUFFLES = 200


@kept_with(spinner="Asking the network four ways …")
def explained(name: str, words: str) -> TextExplanation:
    """The four measures of a text; needs torch and captum."""
    from rnnviz.analysis.attribution import explain_text

    return explain_text(model(name), encoded(name, words))


@kept
def shuffled(name: str, words: str) -> ShuffledAttention:
    """What becomes of the answer when the attention is given to other tokens."""
    from rnnviz.analysis.attribution import shuffled_attention

    return shuffled_attention(model(name), encoded(name, words), SHUFFLES)


def why(subject: Subject) -> None:
    """The four measures side by side, and what they have to do with each other."""
    from rnnviz.figures.attribution import attention_shuffles, rank_agreement

    name, words = subject.task.model, subject.task.text.words
    found = explained(name, words)
    tints = found.tints()
    subject.choices.tint(subject.task, tints)
    with subject.room.wide:
        measures(
            found.tokens,
            tints,
            key="text_measures",
            title=f"What the {subject.cell} goes by, four ways",
            left_out=subject.reading.left_out,
        )
    with subject.room.left:
        subject.plot(rank_agreement(found, theme=subject.theme), "agreement")
    with subject.room.right:
        if found.attention is None:
            st.markdown("This network has no attention to shuffle.")
        else:
            turned = shuffled(name, words)
            subject.plot(attention_shuffles(turned, theme=subject.theme), "shuffles")
    subject.room.foot.caption(
        f"**What to look for.** Orange speaks for {plain(found.label)}, blue for "
        f"{plain(found.against)}; attention has no side. Where the measures disagree, none of them "
        "alone is the reason (Jain and Wallace 2019). Integrated gradients add up to the "
        "difference between this answer and that to a text of unknown tokens; what is missing from "
        "the sum is printed beside them."
    )
