"""Values, files and messages that may be damaged, half written or hostile.

Each module reads or writes one form of them, and knows nothing of what they mean.
"""
