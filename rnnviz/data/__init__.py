"""Where sequences come from: MNIST, scikit-learn's digits, IMDb, a grammar, people's own files.

One module for each source. Nothing heavy is imported here, so that a page can read the bundled
samples before torch and scikit-learn have been loaded.
"""


class DataError(ValueError):
    """Data could not be had or read; the message is one sentence that says what to do."""


class MissingDataError(DataError):
    """The data is nowhere on disk, as opposed to damaged: something else may be used instead."""
