"""How many examples a property test tries: few in `make test`, many in `make soak`.

The environment variable HYPOTHESIS_PROFILE names the profile. A test without a number of its own tries 25
examples or 500; one that is costlier, or needs more, gives `examples` its number for `make test`.
"""

import os

from hypothesis import settings

TEST, SOAK = "test", "soak"
EXAMPLES = {TEST: 25, SOAK: 500}
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", TEST)


def load_profile() -> None:
    """Make the profile the default of every property test; an example may take as long as it needs."""
    for name, number in EXAMPLES.items():
        settings.register_profile(name, max_examples=number, deadline=None)
    settings.load_profile(PROFILE)


def examples(in_test: int) -> int:
    """The number of examples in this profile for a test that tries `in_test` in `make test`."""
    return in_test * EXAMPLES[PROFILE] // EXAMPLES[TEST]
