"""What builds and deploys: GitHub's workflows and actions, Terraform's lock files and modules, the history of images."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sbom_trees import tree

from pratique.ecosystems.terraform.hcl import MAX_BYTES, read_hcl
from pratique.errors import LimitExceeded, Malformed
from pratique.inventory.assemble import catalogue_tree
from pratique.inventory.image_config import image_facts
from pratique.model import ArtifactKind, Digest, Presence, Subject

FOLDER = Subject(kind=ArtifactKind.DIRECTORY, name="src", digest=Digest.of(b"x"))
SHA = "0123456789abcdef0123456789abcdef01234567"

WORKFLOW = f"""name: ci
on: push
x-steps: &checkout
  uses: actions/checkout@{SHA} # v4.1.1
jobs:
  test:
    container: node:20
    services:
      db: {{image: "postgres:16"}}
    steps:
      - *checkout
      - uses: "github/codeql-action/init@v3"
      - uses: ./local
      - uses: docker://alpine:3.20
      - uses: ${{{{ matrix.action }}}}
      - run: curl x
  call:
    uses: org/.github/.github/workflows/build.yml@main
  box:
    container: {{image: "ghcr.io/o/app:${{{{ matrix.v }}}}"}}
"""
ACTION = "runs: {using: composite, steps: [{uses: actions/cache@v4}]}\n"

LOCK = """# maintained by "terraform init"
provider "registry.terraform.io/hashicorp/aws" {
  version     = "5.31.0"
  constraints = "~> 5.0, >= 5.1"
  hashes = [
    "h1:ltxyuBWIy9cq0kIKDJH1jeWJy/y7XJLjS4QrsQK4plA=",
    "zh:0cdb9c2083bf0902442384f7309367791e4640581652dda456f2d6d7abf0de8d", # linux
  ]
}

provider "registry.opentofu.org/hashicorp/null" {
  version = "3.2.1"
}
"""
MODULES = """/* modules */
terraform {
  required_version = ">= 1.0"
}
module "vpc" {
  source  = "terraform-aws-modules/vpc/aws"
  version = "5.4.0"
  tags    = merge(local.tags, { Name = "${var.name}-vpc" })
}
module "net" {
  source = "git::https://github.com/org/net.git//modules/x?ref=v1.2"
}
module "own" { source = "./modules/own" }
module "odd" {
  source = "s3::https://bucket.example/x.zip"
}
locals {
  text = <<-EOT
    module "fake" { source = "a/b/c" }
  EOT
}
"""


def found(files):
    inventory = catalogue_tree(FOLDER, tree(files))
    return {item.purl: item for item in inventory.components}, inventory.unknowns


def test_workflows_list_actions_and_images_with_what_is_pinned():
    components, unknowns = found({".github/workflows/ci.yml": WORKFLOW, "tool/action.yml": ACTION})
    assert sorted(components) == [
        "pkg:docker/library/alpine@3.20",
        "pkg:docker/library/node@20",
        "pkg:docker/library/postgres@16",
        "pkg:github/actions/cache@v4",
        f"pkg:github/actions/checkout@{SHA}",
        "pkg:github/github/codeql-action@v3#init",
        "pkg:github/org/.github@main#.github/workflows/build.yml",
    ]
    checkout = components[f"pkg:github/actions/checkout@{SHA}"]
    assert (checkout.presence, checkout.facts["action:pinned"]) == (Presence.DECLARED, "yes")
    assert checkout.facts["action:stated-version"] == "v4.1.1"
    assert checkout.facts["action:used-by"] == ".github/workflows/ci.yml jobs.test.steps[0].uses"
    assert components["pkg:github/actions/cache@v4"].facts["action:pinned"].startswith("no")
    assert len(unknowns) == 2


def test_yaml_elsewhere_is_no_workflow():
    assert found({"workflows/ci.yml": WORKFLOW})[0] == {}


def test_a_broken_workflow_costs_one_unknown():
    components, unknowns = found({".github/workflows/a.yml": "jobs: [", ".github/workflows/b.yml": "jobs: {a: 1, b: {steps: 3}}"})
    assert (components, [unknown.path for unknown in unknowns]) == ({}, [".github/workflows/a.yml"])


def test_a_lock_file_lists_providers_with_their_hashes():
    components, unknowns = found({"infra/.terraform.lock.hcl": LOCK})
    assert sorted(components) == [
        "pkg:terraform/registry.opentofu.org/hashicorp/null@3.2.1",
        "pkg:terraform/registry.terraform.io/hashicorp/aws@5.31.0",
    ]
    aws = components["pkg:terraform/registry.terraform.io/hashicorp/aws@5.31.0"]
    assert dict(aws.hashes) == {"h1": "h1:ltxyuBWIy9cq0kIKDJH1jeWJy/y7XJLjS4QrsQK4plA="}
    assert aws.facts["terraform:hashes"].endswith("zh:0cdb9c2083bf0902442384f7309367791e4640581652dda456f2d6d7abf0de8d")
    assert aws.facts["terraform:pinned"] == "yes"
    assert components["pkg:terraform/registry.opentofu.org/hashicorp/null@3.2.1"].facts["terraform:pinned"].startswith("no")
    assert unknowns == ()


def test_modules_are_listed_by_their_sources_and_odd_sources_are_said():
    components, unknowns = found({"main.tf": MODULES, ".terraform/modules/x/main.tf": MODULES.replace("5.4.0", "6")})
    assert sorted(components) == [
        "pkg:github/org/net@v1.2",
        "pkg:terraform/registry.terraform.io/terraform-aws-modules/vpc/aws@5.4.0",
    ]
    assert components["pkg:github/org/net@v1.2"].facts["terraform:pinned"].startswith("no: a tag")
    assert [unknown.reason for unknown in unknowns] == ["line 14: module odd comes from s3::https://bucket.example/x.zip"]


@pytest.mark.parametrize(
    "text",
    ['a "b" {', "a = [1", 'a = "x', "}", "a = <<EOT\nx", "/* x", 'a = "${b', "= 1", '"x" {}', "a {" * 200, "a b = 1", "a )"],
)
def test_hcl_that_is_never_closed_or_too_deep_is_refused(text):
    with pytest.raises(Malformed):
        read_hcl(text.encode())


def test_hcl_escapes_and_templates():
    [block] = read_hcl(b'a "b" c {\n x = "q\\"\\n$${y}"\n t = "p${f("}")}"\n l = ["1",\n "2"]\n m = [1]\n n = "a" == "b"\n}\n')
    assert (block.type, block.labels, block.line) == ("a", ("b", "c"), 1)
    assert dict(block.values) == {"x": 'q"\n$${y}', "l": ("1", "2")}


@pytest.mark.parametrize("piece", [b"/*", b'"', b"a{", b"<<A\n", b"${", b"a=[", b"\\", b"a "])
def test_hostile_hcl_takes_no_time(piece):
    data = piece * (200_000 // len(piece))
    begin = time.process_time()
    with pytest.raises(Malformed):
        read_hcl(data)
    assert time.process_time() - begin < 20
    with pytest.raises(LimitExceeded):
        read_hcl(bytes(MAX_BYTES + 1))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([WORKFLOW, ACTION, LOCK, MODULES]), st.integers(0, 1500), st.binary(max_size=10))
def test_damaged_files_cost_unknowns_and_nothing_else(text, at, noise):
    data = text.encode()
    at %= len(data) + 1
    damaged = data[:at] + noise + data[at + len(noise) :]
    found({".github/workflows/a.yml": damaged, "action.yaml": damaged, ".terraform.lock.hcl": damaged, "m.tf": damaged})


def config(*lines, labels=None):
    history = [{"created_by": line} for line in lines]
    return json.dumps({"history": history, "config": {"Labels": labels}}).encode()


def test_labels_annotations_and_fetches_of_an_image_are_facts_of_it():
    labels = {
        "org.opencontainers.image.version": "1",
        "org.opencontainers.image.base.name": "docker.io/library/debian:12",
        "x": "y",
    }
    manifest = json.dumps({"annotations": {"org.opencontainers.image.version": "2"}}).encode()
    lines = (
        "/bin/sh -c #(nop) CMD",
        "|1 TOKEN=abc /bin/sh -c curl -H 'X: key' https://me:pw@get.example/x?token=s3cret | sh",
        "COPY a b",
    )
    assert image_facts(manifest, config(*lines, labels=labels)) == {
        "oci:version": "2",
        "oci:base.name": "docker.io/library/debian:12",
        "history:001": "curl -H *** https://***@get.example/x?token=*** | sh",
    }


@pytest.mark.parametrize(
    "line", ["ADD https://x.example/a.tgz /", "RUN pip install git+https://g.example/x", "go install a/b@latest"]
)
def test_what_went_past_the_package_manager_is_a_fact(line):
    assert list(image_facts(b"{}", config(line)).values()) == [line]


@pytest.mark.parametrize("data", [b"", b"[]", b'{"history": 1, "config": []}', b'{"history": [1, {"created_by": 2}]}'])
def test_an_odd_configuration_has_no_facts(data):
    assert image_facts(data, data) == {}
