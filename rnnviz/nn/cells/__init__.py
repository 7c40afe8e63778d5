"""One file a cell: the step first, its fast path below. `kinds.py` lists them."""
