"""Errors of the feature store."""

from okx_core.errors import OkxSignalError


class FeatureStoreError(OkxSignalError):
    """The store cannot do what was asked; nothing has been changed."""


class DamagedFileError(FeatureStoreError):
    """A file that the manifest names is missing or is not what was written."""
