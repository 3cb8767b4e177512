import pytest

from pratique.attest.predicates.environment import LOCAL_BUILDER
from pratique.attest.predicates.provenance import BuildFacts, build_facts, provenance_from_environment
from pratique.attest.strictjson import dump_json
from pratique.errors import Malformed

COMMIT = "0123456789abcdef" * 2 + "01234567"
SECRET = "hunter2-token"

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "acme/app",
    "GITHUB_SHA": COMMIT,
    "GITHUB_REF": "refs/tags/v1.2",
    "GITHUB_REF_TYPE": "tag",
    "GITHUB_REF_NAME": "v1.2",
    "GITHUB_WORKFLOW_REF": "acme/app/.github/workflows/release.yml@refs/tags/v1.2",
    "GITHUB_RUN_ID": "77",
    "GITHUB_RUN_ATTEMPT": "2",
    "GITHUB_RUN_NUMBER": "41",
    "GITHUB_EVENT_NAME": "push",
    "RUNNER_ENVIRONMENT": "github-hosted",
    "GITHUB_TOKEN": SECRET,
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": SECRET,
}
GITLAB = {
    "GITLAB_CI": "true",
    "CI_PROJECT_URL": "https://git.example.org/acme/app",
    "CI_RUNNER_ID": "12",
    "CI_JOB_URL": "https://git.example.org/acme/app/-/jobs/9",
    "CI_PIPELINE_IID": "41",
    "CI_COMMIT_SHA": COMMIT,
    "CI_COMMIT_REF_NAME": "v1.2",
    "CI_COMMIT_TAG": "v1.2",
    "CI_REPOSITORY_URL": f"https://gitlab-ci-token:{SECRET}@git.example.org/acme/app.git",
    "CI_JOB_TOKEN": SECRET,
}
JENKINS = {
    "JENKINS_URL": "https://ci.example.org/",
    "BUILD_URL": "https://ci.example.org/job/app/41/",
    "BUILD_NUMBER": "41",
    "JOB_NAME": "app",
    "GIT_COMMIT": COMMIT,
    "GIT_URL": f"https://user:{SECRET}@git.example.org/acme/app.git?token={SECRET}#{SECRET}",
    "TAG_NAME": "v1.2",
    "API_KEY": SECRET,
}
TEKTON = {
    "TEKTON_PIPELINE_RUN": "app-41",
    "TEKTON_NAMESPACE": "ci",
    "TEKTON_PIPELINE_RUN_UID": "6f0e",
    "GIT_URL": "git@git.example.org:acme/app.git",
    "GIT_COMMIT": COMMIT,
    "GIT_TAG": "v1.2",
    "REGISTRY_PASSWORD": SECRET,
}
LOCAL = {
    "PRATIQUE_BUILD_NUMBER": "41",
    "PRATIQUE_RELEASE_TAG": "v1.2",
    "PRATIQUE_COMMIT": COMMIT,
    "PRATIQUE_REPOSITORY": f"ssh://deploy:{SECRET}@git.example.org:2222/acme/app.git",
    "PRATIQUE_KEY_PASSPHRASE": SECRET,
    "HOME": "/home/" + SECRET,
    "USER": SECRET,
}


def predicate(environ):
    return provenance_from_environment(environ, subject_name="app:1.2", started_on=1_700_000_000, finished_on=1_700_000_060)


@pytest.mark.parametrize(
    ("environ", "builder", "number", "repository"),
    [
        (GITHUB, "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1.2", "41", "https://github.com/acme/app"),
        (GITLAB, "https://git.example.org/acme/app/-/runners/12", "41", "https://git.example.org/acme/app"),
        (JENKINS, "https://ci.example.org", "41", "https://git.example.org/acme/app.git"),
        (TEKTON, "https://pratique.dev/builders/tekton/v1", "app-41", "ssh://git.example.org/acme/app.git"),
        (LOCAL, LOCAL_BUILDER, "41", "ssh://git.example.org:2222/acme/app.git"),
    ],
    ids=["github", "gitlab", "jenkins", "tekton", "local"],
)
def test_a_build_says_who_built_what_from_where(environ, builder, number, repository):
    made = predicate(environ)
    facts = build_facts(made)
    assert facts == BuildFacts(
        builder_id=builder,
        build_type=made["buildDefinition"]["buildType"],
        build_number=number,
        release_tag="v1.2",
        commit=COMMIT,
        repository=repository,
        invocation_id=made["runDetails"]["metadata"].get("invocationId", ""),
    )
    assert made["runDetails"]["metadata"]["startedOn"] == "2023-11-14T22:13:20Z"
    assert made["buildDefinition"]["resolvedDependencies"][0]["uri"] == f"git+{repository}@refs/tags/v1.2"


@pytest.mark.parametrize("environ", [GITHUB, GITLAB, JENKINS, TEKTON, LOCAL])
def test_no_secret_of_the_environment_gets_into_the_provenance(environ):
    assert SECRET.encode() not in dump_json(predicate(environ))


def test_an_empty_environment_is_a_local_build_that_knows_nothing_else():
    made = predicate({})
    assert build_facts(made) == BuildFacts(builder_id=LOCAL_BUILDER, build_type=LOCAL_BUILDER)
    assert made["buildDefinition"]["resolvedDependencies"] == []


def test_github_run_and_attempt_make_the_invocation():
    assert build_facts(predicate(GITHUB)).invocation_id == "https://github.com/acme/app/actions/runs/77/attempts/2"
    workflow = predicate(GITHUB)["buildDefinition"]["externalParameters"]["workflow"]
    assert workflow == {
        "path": ".github/workflows/release.yml",
        "ref": "refs/tags/v1.2",
        "repository": "https://github.com/acme/app",
    }


def test_a_branch_build_has_no_release_tag():
    environ = GITHUB | {"GITHUB_REF": "refs/heads/main", "GITHUB_REF_TYPE": "branch", "GITHUB_REF_NAME": "main"}
    assert build_facts(predicate(environ)).release_tag == ""


@pytest.mark.parametrize("commit", ["main", "0" * 39, "g" * 40, f"{COMMIT}\n--upload-pack=x", "x" * 5000])
def test_a_commit_that_is_none_is_left_out(commit):
    assert build_facts(predicate(GITHUB | {"GITHUB_SHA": commit})).commit == ""


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://", "http://[::1", "https://host:port/x", "x" * 2000, "file:///etc"]
)
def test_a_repository_that_is_no_plain_url_does_not_break_the_build(url):
    facts = build_facts(predicate(JENKINS | {"GIT_URL": url}))
    assert facts.builder_id == "https://ci.example.org"
    assert facts.commit == COMMIT


@pytest.mark.parametrize("port", ["", ":0", ":8443"])
def test_a_repository_has_the_port_that_its_url_states(port):
    made = build_facts(predicate(JENKINS | {"GIT_URL": f"https://git.example.org{port}/app.git"}))
    assert made.repository == f"https://git.example.org{port}/app.git"


def test_only_the_value_true_makes_a_github_build():
    assert build_facts(predicate(GITHUB | {"GITHUB_ACTIONS": "1"})).builder_id == LOCAL_BUILDER


def test_a_build_that_ends_before_it_starts_is_refused():
    with pytest.raises(Malformed):
        provenance_from_environment({}, subject_name="a", started_on=2, finished_on=1)


def test_provenance_of_a_build_platform_is_read():
    foreign = {
        "buildDefinition": {
            "buildType": "https://actions.github.io/buildtypes/workflow/v1",
            "externalParameters": {"workflow": {"ref": "refs/tags/v3", "path": "x.yml"}},
            "resolvedDependencies": [
                {"uri": "pkg:docker/base@1", "digest": {"sha256": "ab" * 32}},
                {"uri": "git+https://github.com/acme/app@refs/tags/v3", "digest": {"gitCommit": COMMIT}},
            ],
        },
        "runDetails": {"builder": {"id": "https://github.com/x/y@refs/heads/main", "version": {}}, "byproducts": []},
    }
    facts = build_facts(foreign)
    assert (facts.release_tag, facts.commit, facts.repository) == ("v3", COMMIT, "https://github.com/acme/app")


@pytest.mark.parametrize(
    "change",
    [
        {"runDetails": {"builder": {"id": ""}}},
        {"runDetails": {"builder": {}}},
        {"runDetails": None},
        {"buildDefinition": {}},
        {"buildDefinition": {"buildType": "t", "externalParameters": None}},
        {"buildDefinition": {"buildType": "t", "externalParameters": {}, "resolvedDependencies": [1]}},
        {"buildDefinition": {"buildType": "t", "externalParameters": {}, "internalParameters": {"buildNumber": 4}}},
        {
            "buildDefinition": {
                "buildType": "t",
                "externalParameters": {},
                "resolvedDependencies": [{"uri": "git+https://x/y", "digest": {"gitCommit": "HEAD"}}],
            }
        },
    ],
)
def test_provenance_of_another_form_is_refused(change):
    with pytest.raises(Malformed):
        build_facts(predicate({}) | change)
