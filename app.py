"""rnnviz: page config and navigation, nothing else. Start with ``streamlit run app.py``.

Read twice: as a module once, when the server starts, and as a script at every run of a visitor.
"""

import os

# Before the first import of torch: with more threads every small product waits for its neighbours.
for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import streamlit as st  # noqa: E402

if __name__ == "__main__":
    from rnnviz import explorer
    from rnnviz.explorer.parts import router

    explorer.stay()
    # The icon first: st.navigation would fetch a page's own from Google's fonts.
    st.set_page_config(page_icon=explorer.ICON, layout="wide")
    page = st.navigation([st.Page(path, **words) for path, words in router.PAGES], position="top")
    st.set_page_config(page_title=f"{page.title} · rnnviz")
    with router.active(page.url_path), explorer.run_of_page():
        page.run()
    explorer.menu(key="menu")
    explorer.warm_up()
else:
    from rnnviz.explorer.server import server_options

    app = st.App(__file__, **server_options())
