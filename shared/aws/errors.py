"""Errors of AWS, told as ours: by what the caller must do next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSLError,
    TokenRetrievalError,
)

from shared.errors import BridgeError, ConfigurationError, CredentialError, RetryableError

_CREDENTIALS = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AllAccessDisabled",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidToken",
        "SignatureDoesNotMatch",
        "TokenRefreshRequired",
        "UnrecognizedClientException",
        "403",
    }
)
_CONFIGURATION = frozenset(
    {
        "AuthorizationHeaderMalformed",
        "InvalidBucketName",
        "InvalidParameterException",
        "InvalidRequestException",
        "NoSuchBucket",
        "PermanentRedirect",
        "ResourceNotFoundException",
        "ValidationException",
        "404",
    }
)
_NO_CREDENTIALS = (
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    TokenRetrievalError,
)


@contextmanager
def asking(place: str) -> Iterator[None]:
    """Tell boto's errors from what is asked of AWS as ours, which name the place."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise told(error, place) from error


def code(error: Exception) -> str:
    """Return AWS's own code for an error that it answered with, else nothing."""
    return str(error.response["Error"].get("Code", "")) if isinstance(error, ClientError) else ""


def told(error: Exception, place: str) -> BridgeError:
    """Return our error for one of boto's; it names the place and AWS's code, never a value."""
    if isinstance(error, ClientError):
        return _answered(code(error), place)
    if isinstance(error, _NO_CREDENTIALS):
        return CredentialError(f"{place}: AWS credentials are missing or incomplete")
    if isinstance(error, NoRegionError | ValueError | SSLError):
        return ConfigurationError(f"{place}: check region and endpoint ({type(error).__name__})")
    return RetryableError(f"{place}: {type(error).__name__}")


def _answered(word: str, place: str) -> BridgeError:
    if word in _CREDENTIALS:
        return CredentialError(f"{place}: AWS refuses these credentials ({word})")
    if word in _CONFIGURATION:
        return ConfigurationError(f"{place}: does not exist or cannot be used ({word})")
    return RetryableError(f"{place}: AWS cannot serve this now ({word})")
