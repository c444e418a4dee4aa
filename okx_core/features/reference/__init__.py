"""The same indicators as TA-Lib and `ta` compute them, and where their conventions are not ours."""
