"""The front door: what this is, the theatre running small, and the way to the other pages."""

import streamlit as st

from rnnviz import ui
from rnnviz.router import require_router

require_router()

st.title("See how a recurrent network reads", anchor=False)
st.markdown(
    "An RNN, a GRU and an LSTM read a sequence one step at a time and keep what matters in a "
    "small memory. "
    "Here you watch that happen, every gate of every unit at every step, on networks that were "
    "written from "
    "scratch in this package and trained on real data. Draw a digit, press play, and see when "
    "the network "
    "makes up its mind."
)
ui.opening_stage()

st.subheader("Where to go", anchor=False)
with st.container(border=True, width=420):
    st.page_link("pages/digits.py", label="**Digits**", icon=":material/draw:")
    st.caption(
        "Draw a digit, pick one or upload one, and follow an LSTM, a GRU or an RNN row by row."
    )
