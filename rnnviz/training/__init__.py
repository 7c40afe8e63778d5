"""Training: a plan, what it becomes (`preparation`), the engine that runs it, its diagnosis."""
