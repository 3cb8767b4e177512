"""Names of keys in PKCS#11 tokens (RFC 7512), and sessions with tokens.

One session stays open for each token, and the signers of a process share it: logging out would log out all of them. It refuses
to log in when the token says that one more wrong PIN locks it.
"""

import contextlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

import pkcs11
from pkcs11 import TokenFlag

from pratique.errors import InputError, NotFound, PassphraseWrong, Unavailable
from pratique.keys.access import Access, KeyReference
from pratique.keys.passphrase import read_secret

MODULE_VARIABLE = "PRATIQUE_PKCS11_MODULE"

# What a session says whose token was taken away; after other errors it is as good as before.
GONE = (
    pkcs11.DeviceError,
    pkcs11.DeviceRemoved,
    pkcs11.GeneralError,
    pkcs11.KeyHandleInvalid,
    pkcs11.ObjectHandleInvalid,
    pkcs11.SessionClosed,
    pkcs11.SessionHandleInvalid,
    pkcs11.TokenNotPresent,
    pkcs11.UserNotLoggedIn,
)

_PATH_ATTRIBUTES = ("token", "serial", "model", "manufacturer", "object", "id", "type", "slot-id")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenKeyName:
    """A reference read: `attributes` of the path, decoded; the module; the file with the PIN; what errors call it."""

    attributes: Mapping[str, str]
    module: str
    algorithm: str | None
    where: str
    pin_source: Path | None = None
    key_id: bytes | None = None


def parse_name(reference: KeyReference) -> TokenKeyName:
    """RFC 7512 §2.3. What this reader does not know is refused: it would select another key than was meant."""
    reference.only("module-path", "pin-source")
    attributes: dict[str, str] = {}
    key_id = None
    for item in reference.name.split(";"):
        name, equals, value = item.partition("=")
        if not equals or name in attributes or name not in _PATH_ATTRIBUTES:
            raise InputError(f"not an attribute of a PKCS#11 key, or given twice: {name[:40]!r}", where=reference.text)
        attributes[name] = unquote(value)
        if name == "id":
            key_id = unquote_to_bytes(value)
    if attributes.get("type", "private") != "private":
        raise InputError("this names no private key", where=reference.text)
    if not {"object", "id"} & attributes.keys():
        raise InputError("this names no key in the token", where=reference.text, hint="add object=LABEL or id=%HH")
    source = reference.options.get("pin-source")
    return TokenKeyName(
        attributes=attributes,
        module=reference.options.get("module-path", ""),
        algorithm=reference.algorithm,
        where="pkcs11:" + ";".join(f"{key}={value}" for key, value in attributes.items()),
        pin_source=Path(source.removeprefix("file:")) if source else None,
        key_id=key_id,
    )


@dataclass(slots=True, kw_only=True)
class Login:
    """A session that several signers use. `users`: how many. `rw`: whether it may make keys.

    `parent`: the login that this session goes by; it must not end before. `pin`: kept for keys that want it for each signature,
    as the signature slot of a PIV card does; forgotten once it was refused.
    """

    module: str
    session: Any
    rw: bool
    users: int = 0
    broken: bool = False
    parent: "Login | None" = None
    pin: Any = field(default=None, repr=False)
    pin_lock: threading.Lock = field(default_factory=threading.Lock, repr=False)


_logins: dict[tuple[str, bytes], Login] = {}
_lock = threading.RLock()


@contextmanager
def session(name: TokenKeyName, access: Access, *, rw: bool) -> Iterator[Login]:
    """A login that whoever leaves without an error keeps; it is given back after one."""
    module = name.module or access.environ.get(MODULE_VARIABLE, "")
    if not module.startswith("/"):
        hint = f"add ?module-path=/… or set {MODULE_VARIABLE}"
        raise InputError("which PKCS#11 module? A full path is needed", where=name.where, hint=hint)
    if not Path(module).is_file():
        raise NotFound("there is no such PKCS#11 module", where=module)
    with _lock:
        login = _log_in(module, name, access, rw=rw)
        login.users += 1
        try:
            yield login
        except pkcs11.PKCS11Error as error:
            login.broken = login.broken or isinstance(error, GONE)
            release(login)
            raise Unavailable(f"the token fails: {reason_of(error)}", where=name.where) from error
        except BaseException:
            release(login)
            raise


def _log_in(module: str, name: TokenKeyName, access: Access, *, rw: bool) -> Login:
    token = _find_token(module, name)
    place = (module, token.serial)
    known = _logins.get(place)
    if known is not None and known.broken:
        known = None
    if known is not None and (known.rw or not rw):
        return known
    try:
        if known is not None:  # open for signing; the login counts for every session of this process
            login = Login(module=module, session=token.open(rw=True), rw=True, parent=known, pin=known.pin)
            known.users += 1
            return login
        pin = _pin(token, name, access)
        try:
            opened = token.open(user_pin=pin, rw=rw)
        except pkcs11.UserAlreadyLoggedIn:  # by another part of this process, whose login counts for us
            opened = token.open(rw=rw)
    except (pkcs11.PinIncorrect, pkcs11.PinLenRange, pkcs11.PinInvalid) as error:
        raise PassphraseWrong("the PIN is wrong; it was tried once", where=name.where) from error
    except pkcs11.PinLocked as error:
        raise Unavailable("the PIN is locked", where=name.where, hint="the token's security officer can reset it") from error
    except pkcs11.PKCS11Error as error:
        raise Unavailable(f"cannot log in to the token: {reason_of(error)}", where=name.where) from error
    _logins[place] = Login(module=module, session=opened, rw=rw, pin=pin)
    return _logins[place]


def _find_token(module: str, name: TokenKeyName) -> Any:
    try:
        library = pkcs11.lib(module)
    except (pkcs11.PKCS11Error, RuntimeError) as error:
        raise Unavailable("this is not a PKCS#11 module that runs here", where=module) from error
    try:
        return _match_token(library, name)
    except (pkcs11.PKCS11Error, NotFound) as first:
        # A token that was removed and put back is seen only by a module that starts anew, which ends all of its sessions.
        if any(login.users and not login.broken for (of, _), login in _logins.items() if of == module):
            raise _no_token(name, first) from first
    for place in [place for place in _logins if place[0] == module]:
        _logins.pop(place).broken = True
    try:
        library.reinitialize()
        return _match_token(library, name)
    except (pkcs11.PKCS11Error, NotFound) as error:
        raise _no_token(name, error) from error


def _no_token(name: TokenKeyName, error: Exception) -> Unavailable:
    reason = reason_of(error) if isinstance(error, pkcs11.PKCS11Error) else "no slot holds it"
    return Unavailable(f"the token cannot be reached: {reason}", where=name.where, hint="is it plugged in, and named right?")


def _match_token(library: Any, name: TokenKeyName) -> Any:
    wanted = name.attributes
    found = []
    for slot in library.get_slots(token_present=True):
        token = slot.get_token()
        if not token.flags & TokenFlag.TOKEN_INITIALIZED:
            continue
        if (
            wanted.get("token", token.label) == token.label
            and wanted.get("serial", token.serial.decode(errors="replace")) == token.serial.decode(errors="replace")
            and wanted.get("model", token.model) == token.model
            and wanted.get("manufacturer", token.manufacturer_id) == token.manufacturer_id
            and wanted.get("slot-id", str(slot.slot_id)) == str(slot.slot_id)
        ):
            found.append(token)
    if len(found) > 1:
        raise InputError("several tokens have this name", where=name.where, hint="add serial=… or slot-id=…")
    if not found:
        raise NotFound("there is no such token", where=name.where)
    return found[0]


def _pin(token: Any, name: TokenKeyName, access: Access) -> Any:
    """What to log in with. Asked for once; a token that is about to lock itself is left alone."""
    flags = token.flags
    if not flags & TokenFlag.LOGIN_REQUIRED:
        return None
    if flags & TokenFlag.USER_PIN_LOCKED:
        raise Unavailable("the PIN is locked", where=name.where, hint="the token's security officer can reset it")
    if flags & TokenFlag.USER_PIN_FINAL_TRY:
        hint = "log in once with the token's own tools, then run the same command again"
        raise Unavailable("one more wrong PIN would lock this token, so none is tried", where=name.where, hint=hint)
    if flags & TokenFlag.PROTECTED_AUTHENTICATION_PATH:
        return pkcs11.PROTECTED_AUTH
    secret = read_secret(name.pin_source) if name.pin_source else access.pin()
    if secret is None:
        hint = "use pin-source=FILE, --passphrase-file or PRATIQUE_KEY_PIN, or run on a terminal"
        raise InputError("the token wants a PIN and none was given", where=name.where, hint=hint)
    if not secret:
        raise PassphraseWrong("the PIN is empty; it was not tried", where=name.where)
    return secret.decode("utf-8", "surrogateescape")


def release(login: Login) -> None:
    """Give a login back; the last of its users ends it."""
    with _lock:
        login.users -= 1
        if login.users > 0:
            return
        for place in [place for place, known in _logins.items() if known is login]:
            del _logins[place]
        if not login.broken and not (login.parent and login.parent.broken):  # else its handle may be another session's by now
            with contextlib.suppress(pkcs11.PKCS11Error):
                login.session.close()
        if login.parent is not None:
            release(login.parent)


def reason_of(error: pkcs11.PKCS11Error) -> str:
    """`ObjectHandleInvalid` as "object handle invalid": these errors carry no text."""
    words = "".join(f" {char.lower()}" if char.isupper() else char for char in type(error).__name__)
    return words.strip()
