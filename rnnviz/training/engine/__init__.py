"""One training as a generator of events: batches, updates, scores, and its state to resume from."""
