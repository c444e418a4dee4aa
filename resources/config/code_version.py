"""Which code made a number: a hash over the sources of the numeric core."""

import hashlib
from functools import cache

from resources.config.settings import PROJECT


@cache
def code_version() -> str:
    """SHA-256 over okx_core's Python files in path order, 12 hex digits; works without git."""
    digest = hashlib.sha256()
    for path in sorted((PROJECT / "okx_core").rglob("*.py")):
        digest.update(str(path.relative_to(PROJECT)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
