"""What a shipment says, sealed once however often the shipment is begun.

A bundle is not made of the statement alone: ECDSA signs anew each time, a log proves an entry against the size that it has by
then, and a timestamp authority answers with another time. So each of these is journalled as it comes to be, and what is finished
is handed on as it is: an interrupted run may have attached it already, and made again it would be attached a second time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pratique.attest.bundle import parse_bundle
from pratique.attest.dsse import Envelope, parse_envelope, render_envelope
from pratique.attest.strictjson import dump_json, load_json
from pratique.errors import InputError
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


def _stem(draft: Draft) -> str:
    return TITLES[draft.predicate_type].replace(" ", "-")
