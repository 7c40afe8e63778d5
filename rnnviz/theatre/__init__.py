"""What is shown: readings, views, tints, drawings, and the browser side that draws them.

No Streamlit and no network here: `rnnviz.explorer.parts.components` mounts it, and
`rnnviz.models.reader` makes readings.
"""
