"""Ruby gems, installed and locked; PHP packages, installed and locked."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from lock_trees import broken, fixture, inventory, told
from sbom_trees import SUBJECT, tree

from pratique.inventory.assemble import catalogue_tree
from pratique.model import ComponentKind, Presence

GEMS = "usr/lib/ruby/gems/3.1.0"


def specification(name: str, place: str = GEMS) -> dict[str, bytes | str]:
    return {f"{place}/specifications/{name}.gemspec": fixture(f"ruby/{name}.gemspec")}


def test_an_installed_gem_tells_its_facts_and_owns_its_folder():
    files = specification("rake-13.0.6") | specification("debug-1.6.3")
    files[f"{GEMS}/specifications/default/irb-1.4.1.gemspec"] = fixture("ruby/irb-1.4.1.gemspec")
    files |= {f"{GEMS}/gems/debug-1.6.3/lib/x.rb": "1", f"{GEMS}/gems/rake-13.0.6/exe/rake": "2", f"{GEMS}/gems/other-1/x": "3"}
    found = catalogue_tree(SUBJECT, tree(files))
    gems = {one.purl: one for one in found.components}
    rake = gems["pkg:gem/rake@13.0.6"]
    assert (rake.supplier, rake.licences) == ("Hiroshi SHIBATA, Eric Hodel, Jim Weirich", ("MIT",))
    assert rake.homepage.endswith("/rake") and rake.description == "Rake is a Make-like program implemented in Ruby"
    assert gems["pkg:gem/debug@1.6.3"].licences == ("Ruby OR BSD-2-Clause",)
    assert gems["pkg:gem/debug@1.6.3"].depends == ("pkg:gem/irb@1.4.1",)
    assert found.ownership[f"{GEMS}/gems/debug-1.6.3/lib/x.rb"].owner == "pkg:gem/debug@1.6.3"
    assert f"{GEMS}/gems/other-1/x" not in found.ownership


def test_a_gem_for_a_platform_has_it_in_its_purl_and_in_its_folder():
    text = "# stub: nokogiri 1.16.0 x86_64-linux lib\nGem::Specification.new do |s|\n  s.name = computed\nend\n"
    files = {"a/specifications/n.gemspec": text, "a/gems/nokogiri-1.16.0-x86_64-linux/lib/n.so": "x"}
    found = inventory(files)
    assert found.components[0].purl == "pkg:gem/nokogiri@1.16.0?platform=x86_64-linux"
    assert found.ownership["a/gems/nokogiri-1.16.0-x86_64-linux/lib/n.so"].owner == found.components[0].ref


def test_the_specification_in_a_source_tree_is_no_installed_gem():
    found = told({"src/rake.gemspec": fixture("ruby/rake-13.0.6.gemspec")})
    assert {one.presence for one in found.values()} == {Presence.DECLARED} and list(found) == ["pkg:gem/rake@13.0.6"]


def test_a_lock_file_of_bundler_tells_gems_and_edges():
    found = told({"Gemfile.lock": fixture("ruby/Gemfile.lock")})
    assert set(found) == {
        "pkg:gem/debug@1.6.3",
        "pkg:gem/io-console@0.5.11",
        "pkg:gem/irb@1.4.1",
        "pkg:gem/power_assert@2.0.1",
        "pkg:gem/rake@13.0.6",
        "pkg:gem/reline@0.3.1",
        "pkg:gem/test-unit@3.5.3",
    }
    assert found["pkg:gem/debug@1.6.3"].depends == ("pkg:gem/irb@1.4.1", "pkg:gem/reline@0.3.1")
    assert found["pkg:gem/debug@1.6.3"].presence is Presence.DECLARED


def test_sources_platforms_and_checksums_of_a_lock_file_are_read():
    digest = "0" * 64
    text = f"""GIT
  remote: https://me:pw@git.example/g.git
  revision: abc
  specs:
    g (0.1)
      nokogiri

PATH
  remote: .
  specs:
    shop (1.2.3)
      g (>= 0)

GEM
  specs:
    nokogiri (1.16.0)
    nokogiri (1.16.0-x86_64-linux)

DEPENDENCIES
  shop!

CHECKSUMS
  nokogiri (1.16.0-x86_64-linux) sha256={digest}
  g (0.1)
"""
    found = told({"app/gems.locked": text})
    both = ("pkg:gem/nokogiri@1.16.0", "pkg:gem/nokogiri@1.16.0?platform=x86_64-linux")
    git = "pkg:gem/g@0.1?vcs_url=git%2Bhttps:%2F%2Fgit.example%2Fg.git%40abc"
    assert found[git].facts == {"resolved": "git+https://git.example/g.git@abc"}
    assert found[git].depends == both
    assert found["pkg:gem/shop@1.2.3"].kind is ComponentKind.APPLICATION
    assert found[both[1]].hashes == {"sha256": digest} and found[both[0]].hashes == {}


def test_installed_packages_of_composer_own_their_folders():
    files = {"app/vendor/composer/installed.json": fixture("php/installed.json"), "app/vendor/acme/mailer/x.php": "<?php"}
    found = catalogue_tree(SUBJECT, tree(files))
    logger, mailer = found.components
    assert (logger.purl, mailer.purl) == ("", "")  # both lie in folders beside the project
    assert (logger.facts["location"], mailer.facts["location"]) == ("app/pkgs/logger", "app/pkgs/mailer")
    assert mailer.depends == (logger.ref,) and mailer.licences == ("BSD-3-Clause OR Apache-2.0",) and mailer.supplier == "Ann"
    assert (
        logger.facts["scope"] == "dev"
        if "acme/logger" in json.loads(fixture("php/installed.json"))["dev-package-names"]
        else True
    )
    assert found.ownership["app/vendor/acme/mailer/x.php"].owner == mailer.ref


def test_the_form_of_composer_1_is_the_bare_list():
    listed = json.dumps(json.loads(fixture("php/installed.json"))["packages"])
    found = inventory({"vendor/composer/installed.json": listed, "vendor/acme/logger/x.php": ""})
    assert [one.name for one in found.components] == ["acme/logger", "acme/mailer"]
    assert found.ownership["vendor/acme/logger/x.php"].owner == found.components[0].ref


def test_a_package_of_composer_that_lies_outside_vendor_owns_nothing_there():
    listed = [{"name": "a/b", "version": "1", "install-path": path} for path in ("../..", "../../../etc", "/etc")]
    found = inventory({"vendor/composer/installed.json": json.dumps(listed), "etc/x": "1", "src/y": "2"})
    assert set(found.ownership) == set()


def test_a_lock_file_of_composer_tells_what_only_development_needs_and_what_replaces_what():
    found = told({"composer.lock": fixture("php/composer.lock")})
    mailer, logger = "local:composer/pkgs/mailer#acme/mailer@2.0.1", "local:composer/pkgs/logger#acme/logger@1.2.0"
    assert found[mailer].depends == (logger,) and found[logger].purl == ""
    packages = [
        {"name": "A/All", "version": "v1.0.0", "replace": {"a/part": "self.version"}, "source": {"type": "git", "url": "u"}},
        {"name": "a/user", "version": "2", "require": {"a/part": "*"}, "dist": {"url": "d", "shasum": "0" * 40}},
    ]
    found = told({"composer.lock": json.dumps({"packages": packages[:1], "packages-dev": packages[1:]})})
    user = found["pkg:composer/a/user@2"]
    assert user.depends == ("pkg:composer/a/all@v1.0.0",) and user.facts == {"resolved": "d", "scope": "dev"}
    assert user.hashes == {"sha1": "0" * 40}


def test_lock_files_of_vendored_packages_are_their_own_affair():
    assert told({"vendor/a/b/composer.lock": fixture("php/composer.lock")}) == {}


def test_what_is_no_lock_file_costs_an_unknown():
    for name in ("Gemfile.lock", "composer.lock", "vendor/composer/installed.json"):
        (unknown,) = inventory({name: "<<<<<<< HEAD"}).unknowns
        assert unknown.path == name


FILES = {
    "a/specifications/x.gemspec": "ruby/debug-1.6.3.gemspec",
    "Gemfile.lock": "ruby/Gemfile.lock",
    "vendor/composer/installed.json": "php/installed.json",
    "composer.lock": "php/composer.lock",
}


@pytest.mark.parametrize("path", FILES)
def test_broken_files_never_raise(path):
    @given(data=broken(FILES[path]))
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    def check(data):
        for one in inventory({path: data}).components:
            assert one.ref.startswith(("pkg:gem/", "pkg:composer/", "local:gem/", "local:composer/"))

    check()


def test_gem_specifications_take_time_by_their_length_only():
    for text in (
        's.files = ["' * 50_000,
        "s.name = " + '"\\' * 150_000,
        "s.add_dependency(" * 30_000,
        "%q<" * 100_000,
        "# stub: " * 40_000,
    ):
        inventory({"a/specifications/x.gemspec": text})


def test_a_gem_of_a_private_registry_is_another_gem_than_that_of_rubygems():
    text = "GEM\n  remote: https://user:key@gems.example/private/\n  specs:\n    a (1.0)\n\n"
    text += "GEM\n  remote: https://rubygems.org/\n  specs:\n    b (2.0)\n"
    private = "pkg:gem/a@1.0?repository_url=https:%2F%2Fgems.example%2Fprivate"
    assert set(told({"Gemfile.lock": text})) == {private, "pkg:gem/b@2.0"}


def test_a_gem_that_may_be_of_either_of_two_registries_is_given_to_none():
    text = "GEM\n  remote: https://rubygems.org/\n  remote: https://gems.example/\n  specs:\n    a (1.0)\n"
    assert set(told({"Gemfile.lock": text})) == {"pkg:gem/a@1.0"}


def test_a_name_with_steps_of_a_path_is_no_other_vendors_package():
    packages = [{"name": "v/../symfony/console", "version": "1.0"}, {"name": "plain", "version": "2.0"}]
    files = {"app/vendor/composer/installed.json": json.dumps({"packages": packages})}
    found = [one.purl for one in catalogue_tree(SUBJECT, tree(files)).components]
    assert found == ["pkg:composer/plain@2.0", "pkg:composer/v/..%2Fsymfony%2Fconsole@1.0"]
