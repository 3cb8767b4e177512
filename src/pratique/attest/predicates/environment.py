"""What a build system says about the build that is going on, out of its documented environment variables. Pure.

Only the variables named here are read, none is copied as a whole, and user names, passwords, queries and fragments are cut off
URLs: an environment is full of secrets. Values that are not one short printable line are left out.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

MAX_VALUE = 1024

LOCAL_BUILDER = "https://pratique.dev/local-build/v1"
# Names for a build system that does not say which one it is.
_GITLAB = "https://pratique.dev/builders/gitlab-ci/v1"
_JENKINS = "https://pratique.dev/builders/jenkins/v1"
_TEKTON = "https://pratique.dev/builders/tekton/v1"

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_TAGS = "refs/tags/"
# git-clone(1), "GIT URLS": no slash before the first colon. What stands before the last @ was cut off.
_SCP_LIKE = re.compile(r"([\w.-]+|\[[0-9A-Fa-f:.]+\]):/*([^/?#\\][^?#\\]*)(?:[?#].*)?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One build, as its build system describes it. "" for what it does not say.

    `repository`: URL without credentials. `ref`: as git writes it in full. `parameters`: what the build was asked for, from
    outside; `details`: what the system added.
    """

    builder_id: str
    build_type: str
    invocation_id: str = ""
    build_number: str = ""
    release_tag: str = ""
    repository: str = ""
    ref: str = ""
    commit: str = ""
    parameters: Mapping[str, object] = field(default_factory=dict)
    details: Mapping[str, str] = field(default_factory=dict)


def detect_build(environ: Mapping[str, str]) -> Build:
    """The build these variables belong to: GitHub Actions, GitLab CI, Jenkins, Tekton, or a local build."""
    if environ.get("GITHUB_ACTIONS") == "true":
        return _github(environ)
    if environ.get("GITLAB_CI") == "true":
        return _gitlab(environ)
    if environ.get("JENKINS_URL"):
        return _jenkins(environ)
    if environ.get("TEKTON_PIPELINE_RUN") or environ.get("TEKTON_TASK_RUN"):
        return _tekton(environ)
    return _local(environ)


def _github(environ: Mapping[str, str]) -> Build:
    # docs.github.com, "Variables reference"; the shape is actions.github.io/buildtypes/workflow/v1.
    server = _url(environ, "GITHUB_SERVER_URL") or "https://github.com"
    name = _value(environ, "GITHUB_REPOSITORY")
    repository = f"{server}/{name}" if name else ""
    workflow, _, workflow_ref = _value(environ, "GITHUB_WORKFLOW_REF").partition("@")
    run, attempt = _value(environ, "GITHUB_RUN_ID"), _value(environ, "GITHUB_RUN_ATTEMPT") or "1"
    ref = _value(environ, "GITHUB_REF")
    return Build(
        builder_id=f"{server}/{workflow}@{workflow_ref}" if workflow else f"{server}/actions/runner",
        build_type="https://actions.github.io/buildtypes/workflow/v1",
        invocation_id=f"{repository}/actions/runs/{run}/attempts/{attempt}" if repository and run else "",
        build_number=_value(environ, "GITHUB_RUN_NUMBER"),
        release_tag=_value(environ, "GITHUB_REF_NAME") if environ.get("GITHUB_REF_TYPE") == "tag" else "",
        repository=repository,
        ref=ref,
        commit=_commit(environ, "GITHUB_SHA"),
        parameters={
            "workflow": {"ref": workflow_ref or ref, "repository": repository, "path": workflow.removeprefix(f"{name}/")}
        },
        details=_present(
            eventName=_value(environ, "GITHUB_EVENT_NAME"),
            repositoryId=_value(environ, "GITHUB_REPOSITORY_ID"),
            repositoryOwnerId=_value(environ, "GITHUB_REPOSITORY_OWNER_ID"),
            runnerEnvironment=_value(environ, "RUNNER_ENVIRONMENT"),
        ),
    )


def _gitlab(environ: Mapping[str, str]) -> Build:
    # docs.gitlab.com, "Predefined CI/CD variables reference". CI_REPOSITORY_URL is not read: it holds the job's token.
    project = _url(environ, "CI_PROJECT_URL")
    runner = _value(environ, "CI_RUNNER_ID")
    tag, branch = _value(environ, "CI_COMMIT_TAG"), _value(environ, "CI_COMMIT_REF_NAME")
    return Build(
        builder_id=f"{project}/-/runners/{runner}" if project and runner else _url(environ, "CI_SERVER_URL") or _GITLAB,
        build_type="https://pratique.dev/buildtypes/gitlab-ci/v1",
        invocation_id=_url(environ, "CI_JOB_URL") or _url(environ, "CI_PIPELINE_URL"),
        build_number=_value(environ, "CI_PIPELINE_IID") or _value(environ, "CI_PIPELINE_ID"),
        release_tag=tag,
        repository=project,
        ref=_ref(tag, branch),
        commit=_commit(environ, "CI_COMMIT_SHA"),
        parameters={"config": _value(environ, "CI_CONFIG_PATH"), "job": _value(environ, "CI_JOB_NAME")},
        details=_present(pipelineSource=_value(environ, "CI_PIPELINE_SOURCE"), projectId=_value(environ, "CI_PROJECT_ID")),
    )


def _jenkins(environ: Mapping[str, str]) -> Build:
    # jenkins.io, "Using environment variables"; GIT_* are the git plugin's, TAG_NAME the multibranch plugin's.
    tag, branch = _value(environ, "TAG_NAME"), _value(environ, "GIT_BRANCH").removeprefix("origin/")
    return Build(
        builder_id=_url(environ, "JENKINS_URL") or _JENKINS,
        build_type="https://pratique.dev/buildtypes/jenkins/v1",
        invocation_id=_url(environ, "BUILD_URL"),
        build_number=_value(environ, "BUILD_NUMBER"),
        release_tag=tag,
        repository=_url(environ, "GIT_URL"),
        ref=_ref(tag, branch),
        commit=_commit(environ, "GIT_COMMIT"),
        parameters={"job": _value(environ, "JOB_NAME")},
    )


def _tekton(environ: Mapping[str, str]) -> Build:
    # Tekton sets no variables by itself: a task hands on $(context.pipelineRun.name), .namespace, .uid, $(context.taskRun.name)
    # and the git-clone task's results url and commit under these names.
    namespace, pipeline = _value(environ, "TEKTON_NAMESPACE"), _value(environ, "TEKTON_PIPELINE_RUN")
    task, tag = _value(environ, "TEKTON_TASK_RUN"), _value(environ, "GIT_TAG")
    uid = _value(environ, "TEKTON_PIPELINE_RUN_UID") or _value(environ, "TEKTON_TASK_RUN_UID")
    return Build(
        builder_id=_TEKTON,
        build_type="https://pratique.dev/buildtypes/tekton/v1",
        invocation_id=uid or "/".join(part for part in (namespace, pipeline, task) if part),
        build_number=pipeline or task,
        release_tag=tag,
        repository=_url(environ, "GIT_URL"),
        ref=_ref(tag, _value(environ, "GIT_BRANCH")),
        commit=_commit(environ, "GIT_COMMIT"),
        parameters={"pipelineRun": pipeline, "taskRun": task, "namespace": namespace},
    )


def _local(environ: Mapping[str, str]) -> Build:
    tag = _value(environ, "PRATIQUE_RELEASE_TAG")
    return Build(
        builder_id=LOCAL_BUILDER,
        build_type=LOCAL_BUILDER,
        build_number=_value(environ, "PRATIQUE_BUILD_NUMBER"),
        release_tag=tag,
        repository=_url(environ, "PRATIQUE_REPOSITORY"),
        ref=_ref(tag, ""),
        commit=_commit(environ, "PRATIQUE_COMMIT"),
    )


def _value(environ: Mapping[str, str], name: str) -> str:
    text = environ.get(name, "").strip()
    return text if len(text) <= MAX_VALUE and text.isprintable() else ""


def _url(environ: Mapping[str, str], name: str) -> str:
    """The URL without user, password, query and fragment; scp-like git addresses (`git@host:path`) as ssh:// URLs."""
    text = _value(environ, name)
    if "://" not in text:
        match = _SCP_LIKE.fullmatch(text.rpartition("@")[2])
        return f"ssh://{match[1]}/{match[2]}" if match else ""
    try:
        parts = urlsplit(text)
        port = f":{parts.port}" if parts.port is not None else ""
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https", "ssh", "git") or not parts.hostname:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return urlunsplit((parts.scheme, host + port, parts.path.rstrip("/"), "", ""))


def _commit(environ: Mapping[str, str], name: str) -> str:
    text = _value(environ, name).lower()
    return text if _COMMIT.fullmatch(text) else ""


def _ref(tag: str, branch: str) -> str:
    return f"{_TAGS}{tag}" if tag else f"refs/heads/{branch}" if branch else ""


def _present(**values: str) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}
