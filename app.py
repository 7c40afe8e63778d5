"""rnnviz: page config and navigation, nothing else. Start with ``streamlit run app.py``."""

import os

# Before the first import of torch: with more threads every small product waits for its neighbours.
for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import streamlit as st  # noqa: E402

from rnnviz import router, ui  # noqa: E402

ui.send_whole_blocks()
ui.keep_downloads()
ui.stay()
# The icon first: st.navigation would fetch a page's own from Google's fonts for the browser's tab.
st.set_page_config(page_icon=ui.ICON, layout="wide")
page = st.navigation([st.Page(path, **words) for path, words in router.PAGES], position="top")
st.set_page_config(page_title=f"{page.title} · rnnviz")
with router.active(page.url_path):
    page.run()
ui.warm_up()
