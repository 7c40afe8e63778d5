"""The process that trains, `python -m rnnviz.worker`: started by `rnnviz.jobs`, never by hand."""
