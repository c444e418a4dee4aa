"""Features: declared once in `registry`, computed from closed candles in `computation`.

`bars` holds candles on a dense grid, `windows` and `recursions` the compiled kernels; the modules
named after a family (price, momentum, ...) hold one declaration and one function per feature.
"""
