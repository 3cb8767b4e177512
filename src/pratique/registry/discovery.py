"""Finding and recording referrers in a registry (distribution-spec 1.1, Listing Referrers), whatever the registry says it can.

Reading: the API's list and the fallback tag's are merged, always. A registry says in many ways that it has no such API; an empty
list may be a proxy's. What could not be asked is `Unavailable`: nothing is absent because a registry refused, was busy or failed.

Writing: a registry that answers `OCI-Subject` says that it records referrers, and one that does not may do so all the same. So
its list is read after the push, and what is not in it is written under the fallback tag, which is read back.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from pratique.errors import DigestMismatch, InputError, Malformed, NotFound, Unavailable
from pratique.model.digest import Digest
from pratique.registry.destinations import Downgraded
from pratique.registry.pages import check_count, read_pages
from pratique.registry.referrers import UNKNOWN_SIZE, add_to_list, listed_in, load_list, render_index
from pratique.registry.transport import Transport
from pratique.registry.types import OCI_INDEX, Descriptor, Manifest, digest_of, fallback_tag

# How registries say "there is no such API". 401, 403, 429 and other failures say nothing of the kind.
_NO_API = (204, 400, 404, 405, 406, 410, 415, 501)
_FALLBACK_TRIES = 6
_LATE_S = (0.2, 0.5, 1.0)  # a list may be a little behind what was pushed
_MAX_LOOKED_UP = 1_000


class Manifests(Protocol):
    """What is needed of the repository."""

    def fetch_manifest(self, reference: str) -> Manifest:
        """See `Repository`."""
        ...

    def fetch_bytes(self, reference: str) -> tuple[bytes, str]:
        """The bytes of a manifest and the type they are served as, whatever they are. Raises NotFound, Unavailable."""
        ...

    def put_bytes(self, data: bytes, media_type: str, reference: str) -> bool:
        """Push a manifest whatever it is: a list of referrers has what others wrote into it."""
        ...


class Discovery:
    """Referrers of manifests of one repository. `base`: its path in the API. `scope`: of the token to read with."""

    def __init__(
        self,
        transport: Transport,
        manifests: Manifests,
        *,
        base: str,
        scope: str,
        where: str,
        sleep: Callable[[float], None],
        clock: Callable[[], float],
    ) -> None:
        self._transport = transport
        self._manifests = manifests
        self._base = base
        self._scope = scope
        self._where = where
        self._sleep = sleep
        self._clock = clock

    def find(self, subject: Digest, artifact_type: str | None) -> list[Descriptor]:
        """See `Repository.list_referrers`. An entry that does not say what it is, or says something else, is looked up."""
        listed = self._from_api(subject)
        tagged = self._from_tag(subject, needed=listed is None)
        unique: dict[Digest, Descriptor] = {}
        for item in [*(listed or []), *tagged]:
            unique.setdefault(item.digest, item)
        found: list[Descriptor] = []
        looked_up = 0
        for item in unique.values():
            odd = item.size == UNKNOWN_SIZE
            if not odd and artifact_type in (None, item.artifact_type):
                found.append(item)
            else:
                # Of too many odd ones the rest stays as it is listed: what is dropped here, nobody would know of.
                actual = self._looked_up(item) if looked_up < _MAX_LOOKED_UP else item
                looked_up += 1
                if artifact_type in (None, actual.artifact_type):
                    found.append(actual)
        return found

    def record(self, subject: Digest, pushed: Sequence[Descriptor], *, promised: bool) -> None:
        """Make sure that `pushed` are found as referrers of `subject`. `promised`: the registry said that it records them."""
        missing = list(pushed)
        for delay in (0.0, *_LATE_S) if promised else (0.0,):
            if delay:
                self._sleep(delay)
            listed = self._from_api(subject)
            if listed is None:
                break
            there = {item.digest for item in listed}
            missing = [item for item in pushed if item.digest not in there]
            if not missing:
                return
        self._write_tag(subject, missing)

    def forget(self, subject: Digest, referrer: Digest) -> None:
        """Take a referrer off the list under the fallback tag, where it stands on one."""
        listed = self._from_tag(subject, needed=False)
        kept = [item for item in listed if item.digest != referrer]
        if len(kept) < len(listed):
            self._manifests.put_bytes(render_index(kept), OCI_INDEX, fallback_tag(subject))

    def _from_api(self, subject: Digest) -> list[Descriptor] | None:
        """All that the API lists, of every type: a filter would go by what the registry holds for the type. None: no such API."""
        what = f"list of referrers of {subject}"
        where = f"{self._where}: referrers of {subject}"
        target = f"{self._base}/referrers/{Digest.parse(subject)}"
        found: list[Descriptor] = []
        pages = read_pages(
            self._transport,
            target,
            scope=self._scope,
            what=what,
            where=self._where,
            headers={"Accept": OCI_INDEX},
            accept=(200, *_NO_API),
            clock=self._clock,
        )
        first = True
        while True:
            try:
                page = next(pages, None)
            except Downgraded:
                if first:
                    return None  # to a page over plain HTTP
                raise
            if page is None:
                return found
            document = load_list(page.data, page.content_type, where=where) if page.status == 200 else None
            if document is None:
                if first:
                    return None
                raise Unavailable("a page of the referrers is gone", where=self._where, hint="try again")
            first = False
            found += listed_in(document, where=where)
            check_count(len(found), where=self._where)

    def _from_tag(self, subject: Digest, *, needed: bool) -> list[Descriptor]:
        """What the fallback tag lists. `needed`: there is no other list, so that garbage in its place is told."""
        where = f"{self._where}:{fallback_tag(subject)}"
        try:
            found = listed_in(self._tag_document(subject) or {}, where=where)
        except Malformed:
            if needed:
                raise
            return []
        check_count(len(found), where=where)
        return found

    def _tag_document(self, subject: Digest) -> Mapping[str, Any] | None:
        """The index under the fallback tag; None if there is none, or the registry answers with the subject for want of it."""
        tag = fallback_tag(subject)
        try:
            data, content_type = self._manifests.fetch_bytes(tag)
        except NotFound:
            return None
        if digest_of(data, subject) == subject:
            return None
        document = load_list(data, content_type, where=f"{self._where}:{tag}")
        if document is None:
            raise Malformed(f"the tag {tag} is no list of referrers", where=self._where)
        return document

    def _looked_up(self, listed: Descriptor) -> Descriptor:
        """What the manifest itself says it is; the entry as it is where that is gone or garbage, for its reader to tell."""
        try:
            return self._manifests.fetch_manifest(listed.digest).descriptor
        except (InputError, DigestMismatch):
            return listed

    def _write_tag(self, subject: Digest, items: Sequence[Descriptor]) -> None:
        """Other writers of a fallback tag may overwrite us: it is read back, and written again if need be."""
        tag = fallback_tag(subject)
        for attempt in range(_FALLBACK_TRIES):
            if attempt > 1:
                self._sleep(0.1 * 2 ** (attempt - 1))
            data = add_to_list(self._tag_document(subject), items)
            if data is None:
                return
            self._manifests.put_bytes(data, OCI_INDEX, tag)
        if add_to_list(self._tag_document(subject), items) is not None:
            hint = "others write to it too, or the registry ignores it: run the same command again when fewer write to it"
            raise Unavailable(
                f"the tag {tag} is not what was written to it: others keep overwriting it", where=self._where, hint=hint
            )
