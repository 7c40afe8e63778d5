"""Draw, pick or upload a digit, choose a network, and watch it read the image row by row."""

import streamlit as st

from rnnviz.explorer.digits.choices import digits_choices
from rnnviz.explorer.digits.controls import (
    compare_controls,
    network_controls,
    picture_controls,
    rooms,
)
from rnnviz.explorer.digits.stage import digits_stage
from rnnviz.explorer.parts.router import require_router

require_router()

st.title("Watch a network read a digit", anchor=False)
st.caption(
    "The network sees one row of the image at a time, from the top, and changes its mind as it "
    "goes. Draw a digit, press play, or step with the arrow keys."
)

choices = digits_choices()
picture, network, comparison, stage = rooms(choices)

with picture:
    picture_controls(choices)
with network:
    network_controls(choices)
with comparison:
    compare_controls(choices)
with stage:
    digits_stage(choices)
