"""Choose a task and a network, train it, and watch it learn."""

import streamlit as st

from rnnviz.explorer.parts.router import require_router
from rnnviz.explorer.train import page

require_router()

st.title("Watch a network learn", anchor=False)
st.caption(
    "Choose a task and a network and press Train. It learns on this machine while you watch, and "
    "you can pause it, push it, break it, and race it against others."
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
