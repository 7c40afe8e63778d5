"""Classifiers of sequences: their parts, their files, and how one reads an input."""
