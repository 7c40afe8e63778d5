"""Choose a task and a network, train it, and watch it learn."""

import streamlit as st

from rnnviz.router import require_router
from rnnviz.ui import train

require_router()

st.title("Watch a network learn", anchor=False)
st.caption(
    "Choose a task and a network and press Train. It learns on this machine while you watch, and "
    "you can pause it, push it, break it, and race it against others."
)

choices = train.train_choices()
visitor = train.visitor()
controls, live, below = train.train_rooms(choices, visitor)

with controls:
    train.setup_controls(choices, visitor)
    train.start_controls(choices, visitor)
with live:
    train.live_stage(choices, visitor)
with below:
    train.closer(choices, visitor)
