"""Errors of AWS, told as ours: by what the caller must do next."""

from __future__ import annotations

from botocore.exceptions import (
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


def told(error: Exception, place: str) -> BridgeError:
    """Return our error for one of boto's; it names the place and AWS's code, never a value."""
    if isinstance(error, ClientError):
        return _answered(str(error.response["Error"].get("Code", "")), place)
    if isinstance(error, _NO_CREDENTIALS):
        return CredentialError(f"{place}: AWS credentials are missing or incomplete")
    if isinstance(error, NoRegionError | ValueError | SSLError):
        return ConfigurationError(f"{place}: check region and endpoint ({type(error).__name__})")
    return RetryableError(f"{place}: {type(error).__name__}")


def _answered(code: str, place: str) -> BridgeError:
    if code in _CREDENTIALS:
        return CredentialError(f"{place}: AWS refuses these credentials ({code})")
    if code in _CONFIGURATION:
        return ConfigurationError(f"{place}: does not exist or cannot be used ({code})")
    return RetryableError(f"{place}: AWS cannot serve this now ({code})")
