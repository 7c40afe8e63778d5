"""Why this answer: four measures on the same tokens, how far they agree, and shuffled attention."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import streamlit as st

from rnnviz.theatre import measures
from rnnviz.ui.models import model
from rnnviz.ui.notices import plain
from rnnviz.ui.text_models import encoded
from rnnviz.ui.text_subject import Subject

if TYPE_CHECKING:
    from rnnviz.analysis.attribution import TextExplanation
    from rnnviz.analysis.shuffling import ShuffledAttention

NAMES = {
    "attention": "attention",
    "gradient_input": "gradient x input",
    "integrated_gradients": "integrated gradients",
    "occlusion": "occlusion",
}
SHUFFLES = 200


@st.cache_resource(max_entries=12, show_spinner="Asking the network four ways …")
def explained(name: str, words: str) -> TextExplanation:
    """The four measures of a text; needs torch and captum."""
    from rnnviz.analysis.attribution import explain_text

    return explain_text(model(name), encoded(name, words))


@st.cache_resource(max_entries=24, show_spinner=False)
def shuffled(name: str, words: str) -> ShuffledAttention:
    """What becomes of the answer when the attention is given to other tokens."""
    from rnnviz.analysis.attribution import shuffled_attention

    return shuffled_attention(model(name), encoded(name, words), SHUFFLES)


def why(subject: Subject) -> None:
    """The four measures side by side, and what they have to do with each other."""
    name, words = subject.task.model, subject.task.text.words
    found = explained(name, words)
    measures(
        found.tokens,
        found.tints(),
        key="text_measures",
        title=f"What the {subject.cell} goes by, four ways",
        left_out=subject.reading.left_out,
    )
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Do they agree?**")
        st.markdown(agreement(found))
    with right:
        st.markdown("**Does attention decide?**")
        if found.attention is None:
            st.markdown("This network has no attention to shuffle.")
        else:
            st.markdown(shuffle_words(shuffled(name, words)))
    st.caption(
        f"**What to look for.** Orange speaks for {plain(found.label)}, blue for "
        f"{plain(found.against)}; attention has no side. Where the measures disagree, none of them "
        "alone is the reason (Jain and Wallace 2019). Integrated gradients add up to the whole "
        "answer; what is missing from the sum is printed beside them."
    )


def agreement(found: TextExplanation) -> str:
    """Spearman's rank correlation of every pair of measures, as a small table."""
    present = [name for name in NAMES if getattr(found, name) is not None]
    rows = ["| ranks of | and of | agree |", "|---|---|---:|"]
    for one, other in combinations(present, 2):
        value = found.rank_correlations.get((one, other))
        said = "not defined" if value is None else f"{value:.2f}".replace("-", "−")
        rows.append(f"| {NAMES[one]} | {NAMES[other]} | {said} |")
    return "\n".join(rows)


def shuffle_words(found: ShuffledAttention) -> str:
    """What the shuffles did, in words."""
    share, label = found.probability, plain(found.label)
    low, high = float(found.shuffled.min()), float(found.shuffled.max())
    half = " Attention is one half of this readout; the largest outputs stay." if found.half else ""
    return (
        f"The network gives {label} {share:.1%}. Give its attention weights to the tokens in a "
        f"random order, {len(found.shuffled)} times: it gives {low:.1%} to {high:.1%}, the middle "
        f"one moves by {100 * found.median_change:.1f} points, and "
        f"{found.flips:.0%} of the shuffles turn the answer over. The same weight for every token: "
        f"{found.uniform:.1%}. No weights whatever could bring it below {found.lowest:.1%} or "
        f"above {found.highest:.1%}.{half}"
    )
