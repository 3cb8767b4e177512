# `make demo` and `make test` need nothing but Python 3.11 on Debian or Ubuntu; the rest is installed as far as it may be.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: dist install system demo test test-large test-peers test-fresh lint format bench compare fuzz mutate clean requirements

install: $(STAMP)

$(STAMP): requirements/main.txt requirements/dev.txt requirements/build.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

# podman, runc, docker-registry …: installed where root or sudo allows, named where not
system:
	@bash tools/install-system-packages

demo: install system
	@bash demo/run

test: install system lint
	$(BIN)/python -m pytest -n 2 --dist loadgroup

# What takes minutes of one processor by itself: a hundred thousand components in every format
test-large: install
	$(BIN)/python -m pytest tests/large -n 2

# Real tools of others on the other side of every signature, both ways (tests/peers). They are built the first time, which takes
# twenty minutes on two cores; then the whole matrix takes some minutes
PEERS := cosign cosign-pkcs11 crane oras helm tessera-fsck syft trivy grype osv-scanner notary referrers-registry fulcio tesseract rekor-tiles timestamp-server

test-peers: install system
	@if command -v go >/dev/null; then \
	  echo "test-peers: building what is missing of $(PEERS) (twenty minutes the first time)" && \
	  bash tools/peers $(PEERS) && \
	  $(BIN)/python -m pytest tests/peers -n 2 --dist loadgroup --ignore tests/peers/test_peers_keyless.py && \
	  $(BIN)/python -m pytest tests/peers/test_peers_keyless.py; \
	else echo "test-peers: skipped, for there is no Go here to build the tools of others with"; fi

# A wheel, a source archive and an image in dist/, and beside each its SBOM and what is signed about it. Times are those of the
# commit, so the same commit gives the same bytes. PRATIQUE_KEY signs; PRATIQUE_BASE_ROOTFS is what the image stands on
dist: install system
	@bash tools/make-dist dist

# A newcomer's first minutes on bare systems, and the image built twice: packages are fetched, so it takes ten minutes
test-fresh: install system
	$(BIN)/python -m pytest tests/fresh -s

lint: install
	$(BIN)/ruff check src tests bench demo tools
	$(BIN)/ruff format --check src tests bench demo tools
	$(BIN)/mypy
	$(BIN)/mypy demo
	$(BIN)/lint-imports

format: install
	$(BIN)/ruff format src tests bench demo tools
	$(BIN)/ruff check --fix src tests bench demo tools

bench: install system
	$(BIN)/python bench/startup.py
	$(BIN)/python bench/sbom.py
	$(BIN)/python bench/agent.py
	$(BIN)/python bench/hsm.py
	$(BIN)/python bench/verify.py
	$(BIN)/python bench/log.py

# Completeness against a peer, package by package, with reasons
compare: install system
	$(BIN)/python bench/compare.py

# Mutated real files for every parser of foreign bytes; FUZZ_SECONDS=600 for ten minutes
fuzz: install
	$(BIN)/python tools/fuzz.py $(or $(FUZZ_SECONDS),60)

# One small change at a time in the rooms that decide; what no test notices is listed. MUTATE="--rooms runtime --most 50"
mutate: install
	$(BIN)/python tools/mutate.py $(MUTATE)

# The locks carry hashes and no registry address
requirements:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header pyproject.toml -o requirements/main.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header --extra dev -c requirements/main.txt pyproject.toml -o requirements/dev.txt
	printf 'hatchling\neditables\n' | uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header - -o requirements/build.txt

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests bench -name __pycache__ -type d -exec rm -rf {} +
