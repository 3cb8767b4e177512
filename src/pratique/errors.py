"""The one error tree. Only `pratique.cli` turns an error into an exit code.

    PratiqueError                       what went wrong, where, what to do next
    ├── InputError          exit 2      wrong usage or unreadable input
    │   ├── NotFound                    the named thing does not exist (source, tag, blob, key)
    │   ├── Malformed                   foreign bytes that are not what they claim to be
    │   │   └── LimitExceeded           ... or that are larger, deeper or more than a limit allows
    │   └── PassphraseWrong
    ├── Violation           exit 1      a check was made and the answer is no
    │   ├── DigestMismatch              the bytes are not the bytes that were named
    │   ├── SignatureInvalid
    │   ├── Untrusted                   a good signature of somebody who is not trusted to make it
    │   ├── Expired                     ... made outside the time in which that one was trusted
    │   ├── Revoked                     ... of a key, certificate or statement that was taken back
    │   └── ProofInvalid                a Merkle proof, checkpoint or log that does not hold
    ├── Unavailable         exit 3      could not be checked: unreachable, busy, refused by another system
    │   ├── AuthenticationRequired
    │   ├── RateLimited
    │   └── Locked                      another process holds the catalog, the log or the journal
    └── StorageError        exit 4      this machine could not write: disk full, read-only directory

A denial by policy is a value (`pratique.model.Decision`), not an error.
"""


class PratiqueError(Exception):
    """Base of everything we raise. `message` is one line; `hint` says what to do next; `where` names the place."""

    exit_code = 4

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text} ({self.hint})" if self.hint else text


class InputError(PratiqueError):
    """Wrong usage or input that cannot be read."""

    exit_code = 2


class NotFound(InputError):
    """The named thing does not exist. Never raised for what could merely not be reached: that is `Unavailable`."""


class Malformed(InputError):
    """Foreign bytes that are not what they claim to be."""


class LimitExceeded(Malformed):
    """Foreign bytes that exceed a limit of size, depth, count, ratio or time."""


class PassphraseWrong(InputError):
    """A passphrase or PIN was refused. Said once, never retried."""


class Violation(PratiqueError):
    """A check was made and the answer is no."""

    exit_code = 1


class DigestMismatch(Violation):
    """The bytes are not the bytes that were named."""


class SizeMismatch(DigestMismatch):
    """Bytes are not as many as whoever names them says, who may have said so of good bytes."""


class SignatureInvalid(Violation):
    """A signature does not verify under the key it names."""


class Untrusted(Violation):
    """Signed by somebody who is not trusted to. Says nothing about whether the signature would verify."""


class Expired(Violation):
    """Not proven to have been signed within the time in which its signer was trusted."""


class Revoked(Violation):
    """The key, the certificate or the statement was taken back."""


class ProofInvalid(Violation):
    """A Merkle proof, a checkpoint or a log's history does not hold."""


class Unavailable(PratiqueError):
    """Could not be checked. Never counts as a violation, never passes silently."""

    exit_code = 3


class AuthenticationRequired(Unavailable):
    """The other side wants credentials, or refused those it was given."""


class RateLimited(Unavailable):
    """The other side keeps asking us to slow down."""


class Locked(Unavailable):
    """Another process holds the catalog, the log or the journal."""


class StorageError(PratiqueError):
    """This machine could not write."""

    exit_code = 4
