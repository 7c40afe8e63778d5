"""Trainings that are kept: their records and files, the queue, and the worker processes."""
