# make run   serve everything on http://127.0.0.1:8000
# make test  all checks and tests; make check  lint, types, architecture, forms; make bench  ratios
# make coverage  which lines the tests ran (half as fast again as make test)
# make pictures  those of README.md and the manuals, taken anew
# make sbom  what the service is made of; make hashes, make install-hashed  only what was recorded

PYTHON ?= python3
BIN := .venv/bin
RUN_PACKAGES := fonts-noto-cjk fonts-dejavu-core
TEST_PACKAGES := $(RUN_PACKAGES) chromium-headless-shell libjs-pdf libreoffice-writer-nogui nginx-light poppler-utils \
  postgresql qpdf

# Three tests for two processors: some of them wait.
AT_ONCE := $(shell echo $$(( ($$(nproc) * 3 + 1) / 2 )))

.PHONY: run test coverage check bench pictures sbom hashes install-hashed clean

run: .venv/run.stamp
	@sh tools/packages.sh optional $(RUN_PACKAGES)
	@# exec: who stops make stops the service
	FORMSVC_DATA="$${FORMSVC_DATA:-data}" exec $(BIN)/formsvc serve

test: check
	@sh tools/packages.sh required $(TEST_PACKAGES)
	$(BIN)/pytest -n $(AT_ONCE) --dist loadfile --no-loadscope-reorder

coverage: .venv/dev.stamp
	$(BIN)/pytest -n $(AT_ONCE) --dist loadfile --no-loadscope-reorder --cov --cov-report=term:skip-covered

check: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/formsvc template verify

bench: .venv/dev.stamp
	@sh tools/packages.sh required $(TEST_PACKAGES)
	$(BIN)/python -m benchmarks

pictures: .venv/dev.stamp
	@sh tools/packages.sh required $(TEST_PACKAGES)
	$(BIN)/python -m docs.screenshots

sbom: .venv/run.stamp
	@mkdir -p build
	$(BIN)/python tools/sbom.py formsvc build/sbom.json

hashes: .venv/bin/python
	@mkdir -p build
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --dry-run --ignore-installed \
	  --report - -c constraints.txt . | $(BIN)/python tools/hashes.py > build/hashes.txt

install-hashed: .venv/bin/python build/hashes.txt
	$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r build/hashes.txt
	$(BIN)/python -m pip install --disable-pip-version-check --no-deps -e .

clean:
	rm -rf .venv build dist

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "formsvc needs Python 3.11 or newer: make run PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv .venv || { rm -rf .venv; \
	  sh tools/packages.sh required python3-venv && $(PYTHON) -m venv .venv; }

.venv/run.stamp: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

.venv/dev.stamp: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[cluster,dev]'
	@touch $@ .venv/run.stamp
