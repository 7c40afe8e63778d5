"""The figures of the Text page."""
