"""A runtime report, signed, logged and catalogued."""

from typing import TYPE_CHECKING

from pratique.app.home import Home, open_home_catalog

if TYPE_CHECKING:
    from pratique.keys.logged_signer import LoggedSigner
    from pratique.model import Digest
    from pratique.runtime.report import RuntimeReport


def publish_report(home: Home, logged_signer: "LoggedSigner", report: "RuntimeReport") -> "Digest | None":
    """Sign, log and catalogue a report; returns its bundle's digest. A workload without an image digest has no subject: None."""
    from pratique.attest.statement import StatementSubject, render_statement
    from pratique.keys.logged_signer import seal
    from pratique.model.predicates import RUNTIME_REPORT

    if report.image is None:
        return None
    subjects = [StatementSubject.of(report.workload_name, report.image)]
    payload = render_statement(subjects=subjects, predicate_type=RUNTIME_REPORT, predicate=report.to_predicate())
    sealed = seal(logged_signer, [payload])[0]
    with open_home_catalog(home) as catalog, catalog.transaction() as ledger:
        at = int(report.ended_at)
        ledger.record_sealed(report.image, sealed, role="report", predicate_type=RUNTIME_REPORT, signer=logged_signer.name, at=at)
        ledger.record_observation(
            report.image,
            workload=f"{report.engine}:{report.workload_name}",
            node=report.node,
            engine=report.engine,
            since=int(report.started_at),
            at=at,
            report=sealed.digest,
        )
    return sealed.digest
