"""Choose a task and a network, train it, and watch it learn."""

import streamlit as st

from rnnviz.explorer.parts.router import require_router
from rnnviz.explorer.train import page

require_router()

st.title("Watch a network learn", anchor=False)
st.caption(
    "Choose a task and a network, and press Train. Training runs while you watch. Pause it, change "
    "the learning rate, make it fail on purpose, or compare cells in a race."
)

choices = page.train_choices()
visitor = page.visitor()
controls, live, below = page.train_rooms(choices, visitor)

with controls:
    page.setup_controls(choices, visitor)
    page.start_controls(choices, visitor)
with live:
    page.live_stage(choices, visitor)
with below:
    page.closer(choices, visitor)
