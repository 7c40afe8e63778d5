"""Pick, write or upload a text, choose a network, and watch it read token by token."""

import streamlit as st

from rnnviz.explorer.parts.router import require_router
from rnnviz.explorer.text.choices import text_choices
from rnnviz.explorer.text.controls import (
    compare_controls,
    network_controls,
    text_controls,
    text_rooms,
)
from rnnviz.explorer.text.stage import text_stage

require_router()

st.title("Watch a network read a text", anchor=False)
st.caption(
    "The network reads word by word, from the left and from the right, and says whether the "
    "writer liked the film. Change a word, and see what moves."
)

choices = text_choices()
words, network, comparison, stage = text_rooms(choices)

with words:
    text_controls(choices)
with network:
    network_controls(choices)
with comparison:
    compare_controls(choices)
with stage:
    text_stage(choices)
