"""rnnviz: page config and navigation, nothing else. Start with ``streamlit run app.py``.

Read twice: as a module once, when the server starts, and as a script at every run of a visitor.
"""

import os

# Before the first import of torch: with more threads every small product waits for its neighbours.
for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import streamlit as st  # noqa: E402

if __name__ == "__main__":
    from rnnviz.explorer import pages
    from rnnviz.explorer.parts import router
    from rnnviz.explorer.parts.components import menu
    from rnnviz.explorer.parts.uploads import run_of_page
    from rnnviz.explorer.parts.visitor import stay

    stay()
    # The icon first: st.navigation would fetch a page's own from Google's fonts.
    st.set_page_config(page_icon=pages.ICON, layout="wide")
    page = st.navigation(
        [st.Page(one.script, **one.options) for one in pages.PAGES], position="top"
    )
    st.set_page_config(page_title=f"{page.title} · rnnviz")
    with router.active(page.url_path), run_of_page():
        page.run()
    menu(key="menu")
    pages.warm_up()
else:
    from rnnviz.explorer.server import server_options

    app = st.App(__file__, **server_options())
