"""The process that trains, `python -m rnnviz.runs.worker`: `rnnviz.runs.queue` starts it."""
