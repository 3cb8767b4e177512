"""`sbom score` of a real image, in processes of its own."""

import json


def test_of_a_real_debian_image_nothing_is_missing_that_ntia_asks_for_and_the_image_states(pratique, base_image, tmp_path):
    made = pratique("sbom", f"podman:{base_image}", "-o", "cyclonedx-json", "--file", "image.json")
    assert made.returncode == 0, made.stderr
    scored = pratique("sbom", "score", "image.json", "--standard", "ntia", "--format", "json")
    assert scored.returncode == 0, scored.stderr
    rules = {one["id"]: one for one in json.loads(scored.stdout)["standards"][0]["rules"]}
    assert [name for name, one in rules.items() if one["met"] < one["of"]] == ["supplier"]
    document = json.loads((tmp_path / "image.json").read_bytes())
    silent = [one["name"] for one in document["components"] if "supplier" not in one]
    # Every Debian package has a maintainer. What the image is called by says nothing of who supplies it.
    assert not any(one["purl"].startswith("pkg:deb/") for one in document["components"] if one["name"] in silent)
    assert rules["supplier"]["of"] - rules["supplier"]["met"] == len(silent) + 1
    assert pratique("sbom", "score", "image.json", "--standard", "ntia", "--min", "98").returncode == 0
    assert pratique("sbom", "score", "image.json", "--standard", "ntia", "--min", "100").returncode == 1
    direct = pratique("sbom", "score", f"podman:{base_image}", "--standard", "ntia", "--format", "json")
    assert json.loads(direct.stdout) == json.loads(scored.stdout)
