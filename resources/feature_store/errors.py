"""Errors of the feature store."""

from okx_core.errors import OkxSignalError


class FeatureStoreError(OkxSignalError):
    """The store cannot do what was asked; nothing has been changed."""


class DamagedFileError(FeatureStoreError):
    """A file that the manifest names is missing or is not what was written."""


class StoreAccessError(FeatureStoreError):
    """The place of the files does not answer, refuses or is full."""


class NotOwnerError(FeatureStoreError):
    """Another database owns the files: this one may read them, and changes nothing."""
