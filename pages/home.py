"""The front door: what this is, the theatre running small, and the way to the other pages."""

import streamlit as st

from rnnviz.explorer.digits.stage import opening_stage
from rnnviz.explorer.pages import PAGES
from rnnviz.explorer.parts.router import require_router

require_router()

st.title("See how a recurrent network reads", anchor=False)
introduction, doors = st.columns([2, 1], gap="large")

with introduction:
    st.markdown(
        "An RNN, a GRU and an LSTM read a sequence one step at a time and keep what matters in a "
        "small memory. Here you watch that happen, every gate of every unit at every step, in "
        "networks that were written from scratch in this package and trained on real data. Draw a "
        "digit, press play, and see when the network makes up its mind; write a sentence about a "
        "film and change one word of it; or train a network of your own and watch it learn."
    )

with doors:
    for page in PAGES[1:]:
        with st.container(border=True):
            st.page_link(page.script, label=f"**{page.title}**", icon=page.icon)
            st.caption(page.door)

opening_stage()
