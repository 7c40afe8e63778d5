"""Speed and memory beside torch.nn, in one run: `make bench`."""
