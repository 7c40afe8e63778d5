"""The app: its pages (`pages.py`), what they share (`parts/`), and a folder for each."""
