"""What a reading means: saturation, explanations, units, and where a digit lies among many others.

Numpy in, numpy out. Torch and scikit-learn are imported inside the functions that need a model or
fit something, so a page can show stored results before either has been loaded.
"""
