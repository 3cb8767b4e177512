"""What a shipment says, sealed once however often the shipment is begun.

A bundle is not made of the statement alone: ECDSA signs anew each time, a log proves an entry against the size that it has by
then, and a timestamp authority answers with another time. So each of these is journalled as it comes to be, and what is finished
is handed on as it is: an interrupted run may have attached it already, and made again it would be attached a second time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pratique.attest.bundle import parse_bundle
from pratique.attest.dsse import Envelope, parse_envelope, render_envelope
from pratique.attest.strictjson import dump_json, load_json
from pratique.errors import InputError, SignatureInvalid
from pratique.files import make_private_directory
from pratique.keys.logged_signer import LoggedBundle, LoggedSigner, log_envelopes, sign_payload, stamp_signature
from pratique.model.digest import Digest
from pratique.model.predicates import TITLES
from pratique.ship.journal import Journal
from pratique.ship.statements import Draft, same_claim


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedOnce:
    """Signs and logs drafts, through a journal."""

    journal: Journal
    logged_signer: LoggedSigner

    def finished(self, drafts: Sequence[Draft]) -> dict[str, LoggedBundle]:
        """By predicate type, the bundles that an interrupted run finished and that say the same as the drafts.

        What it made of other statements is forgotten: provenance holds times, which may differ, but a build that was killed last
        week is not this one.
        """
        out: dict[str, LoggedBundle] = {}
        for draft in drafts:
            stem = _stem(draft)
            data = self.journal.read(f"{stem}.bundle.json")
            if data is None:
                continue
            try:
                bundle = parse_bundle(data)
                same = same_claim(draft, bundle.envelope.payload)
            except InputError:  # damaged: made anew
                same = False
            if not same or (self.logged_signer.stamp is not None and not bundle.timestamps):
                for name in (f"{stem}.bundle.json", f"{stem}.stamp"):
                    self.journal.forget(name)
                continue
            index = bundle.log_entries[0].log_index
            out[draft.predicate_type] = LoggedBundle(data=data, digest=Digest.of(data), log_index=index)
        return out

    def seal(self, drafts: Sequence[Draft]) -> dict[str, LoggedBundle]:
        """Each signed, stamped and logged once, however often this is begun."""
        envelopes = [self._envelope(draft) for draft in drafts]
        stamps = [self._stamps(draft, envelope) for draft, envelope in zip(drafts, envelopes, strict=True)]
        sealed = log_envelopes(self.logged_signer, envelopes, stamps=stamps, resumed=self.journal.resumed)
        for draft, item in zip(drafts, sealed, strict=True):
            self.journal.keep(f"{_stem(draft)}.bundle.json", item.data)
        return {draft.predicate_type: item for draft, item in zip(drafts, sealed, strict=True)}

    def _envelope(self, draft: Draft) -> Envelope:
        name = f"{_stem(draft)}.envelope.json"

        def made() -> Envelope:
            sign = lambda: dump_json(render_envelope(sign_payload(self.logged_signer, draft.payload)))  # noqa: E731
            return parse_envelope(load_json(self.journal.once(name, sign), what="journalled envelope"))

        envelope = made()
        if not same_claim(draft, envelope.payload):
            self.journal.forget(name)
            self.journal.forget(f"{_stem(draft)}.stamp")
            envelope = made()
        return envelope

    def _stamps(self, draft: Draft, envelope: Envelope) -> tuple[bytes, ...]:
        name = f"{_stem(draft)}.stamp"
        if self.logged_signer.stamp is None:
            known = self.journal.read(name)
            return () if known is None else (known,)
        return (self.journal.once(name, lambda: stamp_signature(self.logged_signer, envelope)[0]),)


@dataclass(frozen=True, slots=True)
class SaidOnce:
    """Signs single statements, which are part of no shipment, once however often that is begun.

    What was signed and stamped is kept in `journals`, named by the statement and the key, until the catalog has the bundle: then
    nothing was handed on yet, so that an entry which the log has by then is all that has to be found again. Two processes that
    say the same at once may both log it.
    """

    journals: Path
    logged_signer: LoggedSigner

    def seal(self, payloads: Sequence[bytes]) -> list[tuple[Envelope, LoggedBundle]]:
        """Each signed, stamped, and logged in one batch. Raises as `sign_payload` and `log_envelopes` do, and StorageError."""
        make_private_directory(self.journals)
        journal = self._journal
        resumed = any(journal.read(f"{self._stem(payload)}.envelope.json") is not None for payload in payloads)
        envelopes = [self._envelope(payload) for payload in payloads]
        stamps = [self._stamps(payload, envelope) for payload, envelope in zip(payloads, envelopes, strict=True)]
        sealed = log_envelopes(self.logged_signer, envelopes, stamps=stamps, resumed=resumed)
        return list(zip(envelopes, sealed, strict=True))

    def forget(self, payloads: Sequence[bytes]) -> None:
        """They stand in the catalog."""
        for payload in payloads:
            for kind in ("envelope.json", "stamp"):
                self._journal.forget(f"{self._stem(payload)}.{kind}")

    @property
    def _journal(self) -> Journal:
        return Journal(self.journals, resumed=True)

    def _stem(self, payload: bytes) -> str:
        return f"said-{Digest.of(payload).hex[:40]}-{self.logged_signer.name[:12]}"

    def _envelope(self, payload: bytes) -> Envelope:
        name = f"{self._stem(payload)}.envelope.json"
        known = self._journal.read(name)
        if known is not None:
            try:
                envelope = parse_envelope(load_json(known, what="journalled envelope"))
                self.logged_signer.signer.public_key.verify(envelope.signatures[0].sig, envelope.pae)
            except (InputError, SignatureInvalid):  # damaged: signed anew
                self.forget([payload])
            else:
                if envelope.payload == payload:
                    return envelope
        envelope = sign_payload(self.logged_signer, payload)
        self._journal.keep(name, dump_json(render_envelope(envelope)))
        return envelope

    def _stamps(self, payload: bytes, envelope: Envelope) -> tuple[bytes, ...]:
        if self.logged_signer.stamp is None:
            return ()
        return (self._journal.once(f"{self._stem(payload)}.stamp", lambda: stamp_signature(self.logged_signer, envelope)[0]),)


def _stem(draft: Draft) -> str:
    return TITLES[draft.predicate_type].replace(" ", "-")
