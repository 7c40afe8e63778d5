"""The Digits page."""
