"""Errors of the place where the files lie, as one clear message: a full disk, a bucket that does not answer."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

from okx_core.errors import OkxSignalError
from resources.config.masking import masked
from resources.feature_store.errors import FeatureStoreError, StoreAccessError

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS)


@contextmanager
def reported(address: str) -> Iterator[None]:
    """Raise StoreAccessError for whatever the file system of `address` raises; a file that is gone passes."""
    try:
        yield
    except (FileNotFoundError, OkxSignalError):
        raise
    except Exception as error:  # noqa: BLE001 - each kind of store has errors of its own
        raise access_error(address, error) from None


def is_damage(error: Exception) -> bool:
    """Whether the bytes are wrong, rather than the way to them: Arrow's errors carry no number of the system."""
    plain = isinstance(error, OSError) and error.errno is None
    away = isinstance(error, (PermissionError, ConnectionError, TimeoutError))
    return isinstance(error, FileNotFoundError | pa.ArrowException) or (plain and not away)


def access_error(address: str, error: Exception) -> FeatureStoreError:
    """What went wrong at `address`, and what to do about it."""
    return StoreAccessError(f"{address} cannot be used: {masked(first_line(error))}; {_remedy(error)}")


def first_line(error: Exception) -> str:
    """The first line of what went wrong; an error without words by its name."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _remedy(error: Exception) -> str:
    number = error.errno if isinstance(error, OSError) else None
    if number in DISK_FULL:
        return (
            "the disk is full: free space there, or run `okxsignal store gc`, then run the command again; nothing was "
            "changed"
        )
    if isinstance(error, PermissionError) or number in REFUSED:
        return (
            "give this user or these keys (OKXSIGNAL_STORE_OPTIONS) the right to read, write and delete there"
        )
    if isinstance(error, NotImplementedError):
        return "this kind of place cannot be written to: choose a folder or a bucket with OKXSIGNAL_STORE_URL"
    return "check OKXSIGNAL_STORE_URL and OKXSIGNAL_STORE_OPTIONS and that the place answers, then try again"
