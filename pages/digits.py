"""Draw, pick or upload a digit, choose a network, and watch it read the image row by row."""

import streamlit as st

from rnnviz import ui
from rnnviz.address import CELLS, READOUTS
from rnnviz.router import require_router
from rnnviz.signals import CELL_NAMES

require_router()

st.title("Watch a network read a digit", anchor=False)
st.caption(
    "The network sees one row of the image at a time, from the top, and changes its mind as it "
    "goes. Draw a digit, press play, or step with the arrow keys."
)

choices = ui.digits_choices()
controls, stage = st.columns([1, 3.1], gap="medium")

with controls:
    draw, samples, upload = st.tabs(["Draw", "Samples", "Upload"])
    with draw:
        ui.drawing_board(choices)
    with samples:
        ui.sample_gallery(choices)
    with upload:
        file = st.file_uploader(
            "An image of one digit",
            type=["png", "jpg", "jpeg", "webp"],
            key="digits_upload",
            help="PNG, JPG or WebP of any size, dark on light or light on dark",
        )
        ui.image_upload(choices, file)
    cell = st.segmented_control(
        "Cell",
        CELLS,
        default=choices.address.cell,
        required=True,
        wrap=True,
        format_func=CELL_NAMES.__getitem__,
        key="digits_cell",
        help="Three ways to carry a memory from row to row; all trained here on the same images",
    )
    readout = st.segmented_control(
        "Readout",
        READOUTS,
        default=choices.address.readout,
        required=True,
        wrap=True,
        format_func=ui.READOUT_NAMES.__getitem__,
        key="digits_readout",
        help="Made from all rows, weighted by attention, or from the state after the last row",
    )
    ui.choose_network(choices, cell=cell, readout=readout)

with stage:
    ui.digits_stage(choices)
