"""`https://slsa.dev/provenance/v1` (SLSA v1.0, provenance.md): which build made the artifact, from which source. Pure.

What is written here is the build's own account of itself, vouched for by the key that signs it; it is not a build platform's
provenance unless the platform alone holds that key.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pratique.attest.members import as_instant, as_list, as_object, as_text, instant_text
from pratique.attest.predicates.environment import Build, detect_build
from pratique.errors import Malformed

MAX_DEPENDENCIES = 10_000

_TAGS = "refs/tags/"
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildFacts:
    """What policies and the catalog ask of a provenance. "" for what it does not say."""

    builder_id: str
    build_type: str = ""
    build_number: str = ""
    release_tag: str = ""
    commit: str = ""
    repository: str = ""
    invocation_id: str = ""


def provenance_from_environment(
    environ: Mapping[str, str], *, subject_name: str, started_on: int, finished_on: int
) -> dict[str, Any]:
    """The predicate for a build described by `environ`. Times are Unix seconds. `subject_name`: what was built, for people."""
    return provenance_predicate(detect_build(environ), subject_name=subject_name, started_on=started_on, finished_on=finished_on)


def provenance_predicate(build: Build, *, subject_name: str, started_on: int, finished_on: int) -> dict[str, Any]:
    """The predicate for this build. Raises Malformed when it would end before it started."""
    if finished_on < started_on:
        raise Malformed("a build that finished before it started")
    internal: dict[str, Any] = dict(build.details)
    if build.build_number:
        internal["buildNumber"] = build.build_number
    if build.release_tag:
        internal["releaseTag"] = build.release_tag
    dependencies = []
    if build.repository:
        source: dict[str, Any] = {"uri": f"git+{build.repository}" + (f"@{build.ref}" if build.ref else "")}
        if build.commit:
            source["digest"] = {"gitCommit": build.commit}
        dependencies.append(source)
    elif build.commit:
        dependencies.append({"digest": {"gitCommit": build.commit}})
    metadata = {"startedOn": instant_text(started_on), "finishedOn": instant_text(finished_on)}
    if build.invocation_id:
        metadata["invocationId"] = build.invocation_id
    return {
        "buildDefinition": {
            "buildType": build.build_type,
            "externalParameters": {"artifact": subject_name, **build.parameters},
            "internalParameters": internal,
            "resolvedDependencies": dependencies,
        },
        "runDetails": {"builder": {"id": build.builder_id}, "metadata": metadata},
    }


def build_facts(predicate: Mapping[str, Any]) -> BuildFacts:
    """Read any SLSA provenance v1: ours, and those of build platforms. Raises Malformed.

    Source is the first resolved dependency that is a git one. A release tag is read from `internalParameters.releaseTag`, else
    from the source's ref.
    """
    definition = as_object(predicate.get("buildDefinition"), "buildDefinition")
    details = as_object(predicate.get("runDetails"), "runDetails")
    builder_id = as_text(as_object(details.get("builder"), "runDetails.builder").get("id"), "runDetails.builder.id")
    if not builder_id:
        raise Malformed("provenance without a builder")
    metadata = as_object(details.get("metadata", {}), "runDetails.metadata")
    internal = as_object(definition.get("internalParameters", {}), "buildDefinition.internalParameters")
    as_object(definition.get("externalParameters"), "buildDefinition.externalParameters")
    repository, ref, commit = _source(definition)
    tag = ref.removeprefix(_TAGS) if ref.startswith(_TAGS) else ""
    return BuildFacts(
        builder_id=builder_id,
        build_type=as_text(definition.get("buildType"), "buildDefinition.buildType"),
        build_number=as_text(internal.get("buildNumber", ""), "internalParameters.buildNumber"),
        release_tag=as_text(internal.get("releaseTag", tag), "internalParameters.releaseTag"),
        commit=commit,
        repository=repository,
        invocation_id=as_text(metadata.get("invocationId", ""), "metadata.invocationId"),
    )


def build_started(predicate: Mapping[str, Any]) -> int | None:
    """When the build began, Unix seconds, as the provenance says; None when it does not. Raises Malformed."""
    details = as_object(predicate.get("runDetails"), "runDetails")
    metadata = as_object(details.get("metadata", {}), "runDetails.metadata")
    return as_instant(metadata["startedOn"], "metadata.startedOn") if "startedOn" in metadata else None


def _source(definition: Mapping[str, Any]) -> tuple[str, str, str]:
    """Repository, ref and commit of the first git dependency."""
    where = "buildDefinition.resolvedDependencies"
    for item in as_list(definition.get("resolvedDependencies", []), where, limit=MAX_DEPENDENCIES):
        dependency = as_object(item, where)
        uri = as_text(dependency.get("uri", ""), f"{where}.uri")
        digest = as_object(dependency.get("digest", {}), f"{where}.digest")
        commit = as_text(digest.get("gitCommit", digest.get("sha1", "")), f"{where}.digest")
        if not uri.startswith("git+") and "gitCommit" not in digest:
            continue
        if commit and not _COMMIT.fullmatch(commit):
            raise Malformed(f"{where} has a git commit that is none: {commit[:80]!r}")
        # The ref follows the last @ behind the host: `git+ssh://git@host/path@refs/…` has one before it, too.
        scheme, separator, rest = uri.removeprefix("git+").partition("://")
        host, slash, path = rest.partition("/")
        path, _, ref = path.partition("@")
        return f"{scheme}{separator}{host}{slash}{path}", ref, commit
    return "", "", ""
