"""What a run of numbers says: measures, findings, causes, advice, comparisons."""
