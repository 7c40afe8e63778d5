"""Draw, pick or upload a digit, choose a network, and watch it read the image row by row."""

import streamlit as st

from rnnviz import explorer
from rnnviz.explorer.parts.router import require_router

require_router()

st.title("Watch a network read a digit", anchor=False)
st.caption(
    "The network sees one row of the image at a time, from the top, and changes its mind as it "
    "goes. Draw a digit, press play, or step with the arrow keys."
)

choices = explorer.digits_choices()
picture, network, comparison, stage = explorer.rooms(choices)

with picture:
    explorer.picture_controls(choices)
with network:
    explorer.network_controls(choices)
with comparison:
    explorer.compare_controls(choices)
with stage:
    explorer.digits_stage(choices)
