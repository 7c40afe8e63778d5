"""Pick, write or upload a text, choose a network, and watch it read token by token."""

import streamlit as st

from rnnviz.explorer import text
from rnnviz.explorer.parts.router import require_router

require_router()

st.title("Watch a network read a text", anchor=False)
st.caption(
    "The network reads word by word, from the left and from the right, and says whether the "
    "writer liked the film. Change a word, and see what moves."
)

choices = text.text_choices()
words, network, comparison, stage = text.text_rooms(choices)

with words:
    text.text_controls(choices)
with network:
    text.network_controls(choices)
with comparison:
    text.compare_controls(choices)
with stage:
    text.text_stage(choices)
