"""What each build system says, part by part: what is there, what is left out, and what is said in its place."""

import pytest

from pratique.attest.predicates.environment import LOCAL_BUILDER, MAX_VALUE, Build, detect_build

COMMIT = "0123456789abcdef" * 2 + "01234567"
GITHUB = {"GITHUB_ACTIONS": "true"}
GITLAB = {"GITLAB_CI": "true"}
JENKINS = {"JENKINS_URL": "https://ci.example.org/"}
TEKTON = {"TEKTON_TASK_RUN": "app-41-build"}
URL = "https://git.example.org/acme/app"


@pytest.mark.parametrize(
    ("environ", "build_type"),
    [
        ({}, LOCAL_BUILDER),
        ({"GITHUB_ACTIONS": "false", "GITLAB_CI": "1", "JENKINS_URL": "", "TEKTON_TASK_RUN": ""}, LOCAL_BUILDER),
        (GITHUB, "https://actions.github.io/buildtypes/workflow/v1"),
        (GITLAB, "https://pratique.dev/buildtypes/gitlab-ci/v1"),
        (JENKINS, "https://pratique.dev/buildtypes/jenkins/v1"),
        ({"TEKTON_PIPELINE_RUN": "app-41"}, "https://pratique.dev/buildtypes/tekton/v1"),
        (TEKTON, "https://pratique.dev/buildtypes/tekton/v1"),
    ],
)
def test_a_build_system_is_known_by_one_variable(environ, build_type):
    assert detect_build(environ).build_type == build_type


# --- GitHub Actions


def test_a_workflow_of_which_nothing_else_is_said_is_one_of_github_s_runners():
    assert detect_build(GITHUB) == Build(
        builder_id="https://github.com/actions/runner",
        build_type="https://actions.github.io/buildtypes/workflow/v1",
        parameters={"workflow": {"ref": "", "repository": "", "path": ""}},
    )


def test_a_workflow_on_a_server_of_its_owner_s_is_named_by_that_server():
    found = detect_build(
        {
            **GITHUB,
            "GITHUB_SERVER_URL": "https://ghe.example.org/",
            "GITHUB_REPOSITORY": "acme/app",
            "GITHUB_WORKFLOW_REF": "acme/app/.github/workflows/release.yml@refs/heads/main",
            "GITHUB_RUN_ID": "77",
        }
    )
    assert found.builder_id == "https://ghe.example.org/acme/app/.github/workflows/release.yml@refs/heads/main"
    assert found.repository == "https://ghe.example.org/acme/app"
    assert found.invocation_id == "https://ghe.example.org/acme/app/actions/runs/77/attempts/1"


def test_a_run_is_named_where_its_repository_and_its_number_are_known():
    assert detect_build({**GITHUB, "GITHUB_RUN_ID": "77"}).invocation_id == ""
    assert detect_build({**GITHUB, "GITHUB_REPOSITORY": "acme/app"}).invocation_id == ""


def test_the_workflow_s_ref_is_that_of_its_file_and_else_that_of_the_build():
    workflow = {"GITHUB_WORKFLOW_REF": "acme/app/ci.yml@refs/heads/main", "GITHUB_REPOSITORY": "acme/app"}
    said = {**GITHUB, **workflow, "GITHUB_REF": "refs/pull/3/merge"}
    assert detect_build(said).parameters["workflow"] == {
        "ref": "refs/heads/main",
        "repository": "https://github.com/acme/app",
        "path": "ci.yml",
    }
    assert detect_build({**GITHUB, "GITHUB_REF": "refs/pull/3/merge"}).parameters["workflow"]["ref"] == "refs/pull/3/merge"


@pytest.mark.parametrize(("kind", "tag"), [("tag", "v1.2"), ("branch", ""), ("", "")])
def test_the_name_of_a_ref_is_a_release_s_where_it_is_a_tag(kind, tag):
    assert detect_build({**GITHUB, "GITHUB_REF_NAME": "v1.2", "GITHUB_REF_TYPE": kind}).release_tag == tag


# --- GitLab


@pytest.mark.parametrize(
    ("environ", "builder"),
    [
        ({"CI_PROJECT_URL": URL, "CI_RUNNER_ID": "12", "CI_SERVER_URL": "https://git.example.org"}, f"{URL}/-/runners/12"),
        ({"CI_PROJECT_URL": URL, "CI_SERVER_URL": "https://git.example.org"}, "https://git.example.org"),
        ({"CI_RUNNER_ID": "12", "CI_SERVER_URL": "https://git.example.org"}, "https://git.example.org"),
        ({"CI_PROJECT_URL": URL}, "https://pratique.dev/builders/gitlab-ci/v1"),
        ({}, "https://pratique.dev/builders/gitlab-ci/v1"),
    ],
)
def test_a_job_is_built_by_its_runner_and_else_by_its_server(environ, builder):
    assert detect_build({**GITLAB, **environ}).builder_id == builder


def test_a_job_is_named_before_its_pipeline_and_its_project_s_number_before_the_server_s():
    job, pipeline = {"CI_JOB_URL": f"{URL}/-/jobs/9"}, {"CI_PIPELINE_URL": f"{URL}/-/pipelines/7"}
    assert detect_build({**GITLAB, **job, **pipeline}).invocation_id == f"{URL}/-/jobs/9"
    assert detect_build({**GITLAB, **pipeline}).invocation_id == f"{URL}/-/pipelines/7"
    assert detect_build({**GITLAB, "CI_PIPELINE_IID": "41", "CI_PIPELINE_ID": "9000"}).build_number == "41"
    assert detect_build({**GITLAB, "CI_PIPELINE_ID": "9000"}).build_number == "9000"


@pytest.mark.parametrize(
    ("environ", "ref"),
    [
        ({"CI_COMMIT_TAG": "v1.2", "CI_COMMIT_REF_NAME": "v1.2"}, "refs/tags/v1.2"),
        ({"CI_COMMIT_REF_NAME": "main"}, "refs/heads/main"),
        ({}, ""),
    ],
)
def test_a_ref_is_written_in_full_where_there_is_one(environ, ref):
    assert detect_build({**GITLAB, **environ}).ref == ref


# --- Jenkins and Tekton


def test_a_branch_of_jenkins_is_named_without_its_remote_and_an_address_that_is_none_is_nobody_s():
    assert detect_build({**JENKINS, "GIT_BRANCH": "origin/main"}).ref == "refs/heads/main"
    assert detect_build({"JENKINS_URL": "here"}).builder_id == "https://pratique.dev/builders/jenkins/v1"


@pytest.mark.parametrize(
    ("environ", "invocation", "number"),
    [
        ({"TEKTON_PIPELINE_RUN": "p", "TEKTON_PIPELINE_RUN_UID": "a", "TEKTON_TASK_RUN_UID": "b"}, "a", "p"),
        ({"TEKTON_TASK_RUN_UID": "b"}, "b", "app-41-build"),
        ({"TEKTON_NAMESPACE": "ci", "TEKTON_PIPELINE_RUN": "p"}, "ci/p/app-41-build", "p"),
        ({}, "app-41-build", "app-41-build"),
    ],
)
def test_a_run_of_tekton_is_named_by_its_uid_and_else_by_its_names(environ, invocation, number):
    found = detect_build({**TEKTON, **environ})
    assert (found.invocation_id, found.build_number) == (invocation, number)


# --- values and addresses


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (" 41\n", "41"),
        ("x" * MAX_VALUE, "x" * MAX_VALUE),
        ("x" * (MAX_VALUE + 1), ""),
        ("4\n1", ""),
        ("4\x1b[2J1", ""),
        ("4\udcff", ""),
        ("", ""),
    ],
)
def test_a_value_is_one_short_printable_line_or_left_out(text, found):
    assert detect_build({"PRATIQUE_BUILD_NUMBER": text}).build_number == found


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://user:secret@git.example.org:8443/acme/app/?token=secret#secret", "https://git.example.org:8443/acme/app"),
        ("http://git.example.org", "http://git.example.org"),
        ("git://git.example.org/app.git", "git://git.example.org/app.git"),
        ("ssh://git@[2001:db8::1]:22/app.git", "ssh://[2001:db8::1]:22/app.git"),
        ("https://[2001:db8::1]/app", "https://[2001:db8::1]/app"),
        ("file:///srv/app", ""),
        ("ftp://git.example.org/app", ""),
        ("https:///app", ""),
        ("https://git.example.org:port/app", ""),
        ("git@git.example.org:acme/app.git", "ssh://git.example.org/acme/app.git"),
        ("git@git.example.org:/acme/app.git", "ssh://git.example.org/acme/app.git"),
        ("git.example.org:app", "ssh://git.example.org/app"),
        ("git@[2001:db8::1]:app.git", "ssh://[2001:db8::1]/app.git"),
        ("user:secret@git.example.org:app?token=secret", "ssh://git.example.org/app"),
        ("user:secret@git.example.org:app#secret", "ssh://git.example.org/app"),
        ("user:secret@git.example.org", ""),
        ("user:se?cret@git.example.org", ""),
        ("git@git.example.org:", ""),
        ("git@git.example.org:/", ""),
        (":app", ""),
        ("git@:app", ""),
        ("./here:app", ""),
        ("C:\\src\\app", ""),
        ("/srv/app.git", ""),
        ("app", ""),
    ],
)
def test_an_address_is_written_without_secrets_or_left_out(text, url):
    found = detect_build({"PRATIQUE_REPOSITORY": text}).repository
    assert found == url
    assert "secret" not in found


@pytest.mark.parametrize("text", [COMMIT, COMMIT.upper(), COMMIT + COMMIT[:24]])
def test_a_commit_is_of_either_length_and_written_small(text):
    assert detect_build({"PRATIQUE_COMMIT": text}).commit == text.lower()
