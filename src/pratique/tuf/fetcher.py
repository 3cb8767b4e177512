"""python-tuf's fetcher over a `TrustPlace`, and its errors as ours."""

from collections.abc import Iterator
from contextlib import contextmanager

from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadError,
    DownloadHTTPError,
    DownloadLengthMismatchError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    RepositoryError,
    UnsignedMetadataError,
)
from tuf.ngclient import FetcherInterface

from pratique.errors import DigestMismatch, LimitExceeded, Malformed, NotFound, ProofInvalid, Unavailable, Untrusted
from pratique.tuf.places import TrustPlace

SCHEME = "place:"


class PlaceFetcher(FetcherInterface):
    """Hands python-tuf the files of a place; it counts their bytes and stops at its limit."""

    def __init__(self, place: TrustPlace) -> None:
        self._place = place

    def _fetch(self, url: str) -> Iterator[bytes]:
        # A generator, so that our own errors go through python-tuf as they are.
        try:
            yield from self._place.chunks(url.removeprefix(SCHEME))
        except NotFound as error:
            raise DownloadHTTPError(error.message, 404) from error


@contextmanager
def translated(where: str) -> Iterator[None]:
    """python-tuf's errors as ours. What could not be had or has expired could not be checked; the rest is an answer of no."""
    try:
        yield
    except DownloadLengthMismatchError as error:
        raise LimitExceeded("a file of the trust repository is larger than announced or allowed", where=where) from error
    except DownloadHTTPError as error:
        raise Unavailable(f"there is no trust repository, or not all of it: {error}", where=where) from error
    except DownloadError as error:
        raise Unavailable(f"the trust repository cannot be read: {error}", where=where) from error
    except ExpiredMetadataError as error:
        hint = "whoever publishes it must do so again"
        raise Unavailable(f"what is published there has expired: {_reason(error)}", where=where, hint=hint) from error
    except UnsignedMetadataError as error:
        raise Untrusted(f"not signed by those who hold the trust: {_reason(error)}", where=where) from error
    except BadVersionNumberError as error:
        raise ProofInvalid(f"the trust repository goes back or is mixed: {_reason(error)}", where=where) from error
    except LengthOrHashMismatchError as error:
        raise DigestMismatch(f"a file of the trust repository was altered: {_reason(error)}", where=where) from error
    except RepositoryError as error:
        raise Malformed(f"not a trust repository: {_reason(error)}", where=where) from error


def _reason(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]
