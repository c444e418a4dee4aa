"""The features, one module per family: a decorated function each, collected by `registry`."""
