# `make run` and `make test` are all that is needed on a fresh machine; `make help` lists the rest.

PYTHON ?= python3
EXTRAS ?= dev
ARGS ?=
comma := ,
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

# Stamps: an environment is made again only when what it is made from has changed.
BASE := .venv/.base
TESTS := .venv/.extras-$(subst $(comma),-,$(EXTRAS))

# The whole suite runs in several processes, a file of tests at a time; what ARGS ask for in one, which starts sooner.
WORKERS := -n logical --maxprocesses=4 --dist=loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help run test parts unit chaos proof lint types format docs-config dashboards chart probes-schema bench-extract bench-detector bench-embedding bench-ingest bench-nulls bench-onsets bench-probes bench-process bench-refusal bench-shifts bench-swaps sbom kafka-home lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(BASE) ## Start the demonstration (creates .venv first)
	$(BIN)/tidegauge demo $(ARGS)

test: $(TESTS) parts lint types unit ## Everything that CI checks (creates .venv with the extras, brings test programs)

parts: ## Bring the real programs that tests talk to; say which tests are left out
	@scripts/parts.sh

unit: $(TESTS) ## The tests alone: make unit ARGS="-k settings"
	PYTHONPATH=scripts $(BIN)/pytest $(if $(filter true,$(CI)),-p no_omissions) $(or $(ARGS),$(WORKERS))

chaos: $(TESTS) ## Kill a monitor ten times over 100,000 records of a real Kafka (needs KAFKA_HOME, see kafka-home)
	PYTHONPATH=scripts CHAOS_RECORDS=100000 CHAOS_KILLS=10 \
		$(BIN)/pytest -p no_omissions --capture=no --timeout=1800 tests/chaos $(ARGS)

proof: $(TESTS) parts ## Twenty nights of a real model and its fine-tunes: what probes find (EXTRAS=dev,serving; half an hour)
	PYTHONPATH=scripts SERVED_TRIALS=all \
		$(BIN)/pytest -p no_omissions --capture=no --timeout=7200 tests/served/test_trials.py tests/served/test_scans.py $(ARGS)

lint: $(TESTS) ## Style, and which part may import which
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-logo

types: $(TESTS) ## mypy --strict
	$(BIN)/mypy

format: $(TESTS) ## Format the code and mend what ruff can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs-config: $(TESTS) ## Write docs/configuration.md from the settings
	$(BIN)/python -c 'from monitor.settings.reference import markdown; print(markdown(), end="")' > docs/configuration.md

dashboards: $(TESTS) ## Write the Grafana dashboards of dashboards/grafana
	$(BIN)/python -m dashboards

chart: $(TESTS) ## Write what the Helm chart copies or is made from: rules, dashboards, its README, the Kustomize components
	$(BIN)/python scripts/write_chart.py

probes-schema: $(TESTS) ## Write probes/schema.json from the packs' schema
	$(BIN)/python -c 'import json; from monitor.suites import json_schema; print(json.dumps(json_schema(), indent=2))' > probes/schema.json

bench-extract: $(TESTS) ## Measure the extractors
	$(BIN)/python -m benchmarks.extract $(ARGS)

bench-detector: $(TESTS) ## Measure the detector of single signals
	$(BIN)/python -m benchmarks.detector $(ARGS)

bench-embedding: $(TESTS) ## Measure sentence embeddings: make bench-embedding DATA=FOLDER MODEL=FOLDER EXTRAS=dev,neural
	$(BIN)/python -m benchmarks.embedding --data $(DATA) --model $(MODEL) $(ARGS)

bench-ingest: $(TESTS) ## Measure Kafka to detector state on one core (needs Kafka, see kafka-home)
	$(BIN)/python -m benchmarks.ingest $(ARGS)

bench-nulls: $(TESTS) ## Count false pages on unchanged streams of numbers, hard ones too
	$(BIN)/python -m benchmarks.nulls $(ARGS)

bench-probes: $(TESTS) ## Simulate probes over 90 days: false alarms, and how soon a loss is found
	$(BIN)/python -m benchmarks.probes $(ARGS)

bench-process: $(TESTS) ## Measure a monitor with nothing to do: start, memory, processor, stop
	$(BIN)/python -m benchmarks.process $(ARGS)

bench-refusal: $(TESTS) ## Compare the refusal scorer with people's labels (DATA=folder)
	$(BIN)/python -m benchmarks.refusal --data $(DATA) $(ARGS)

bench-shifts: $(TESTS) ## Find made shifts, here and by other detectors: make bench-shifts GENERATOR=FILE (docs/benchmarks.md)
	$(BIN)/python -m benchmarks.shifts --generator $(GENERATOR) $(ARGS)

bench-onsets: $(TESTS) ## Place made shifts, by likelihood and by other detectors: make bench-onsets GENERATOR=FILE (docs/benchmarks.md)
	$(BIN)/python -m benchmarks.onsets --generator $(GENERATOR) $(ARGS)

bench-swaps: $(TESTS) ## Find real model swaps, here and by other detectors: make bench-swaps DATA=FOLDER (docs/benchmarks.md)
	$(BIN)/python -m benchmarks.swaps --data $(DATA) $(ARGS)

sbom: $(TESTS) ## Write the bill of materials (CycloneDX) of the image `base`: build/tidegauge.cdx.json
	rm -rf build/image
	PYTHON=$(BIN)/python scripts/image.sh build/image
	$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible \
		--output-file build/tidegauge.cdx.json build/image/bin/python

kafka-home: ## Download a real Kafka for the tests marked kafka_restart (needs Maven and Java 17)
	mvn --quiet --file tests/kafka/pom.xml dependency:copy-dependencies \
		-DincludeScope=runtime -DoutputDirectory=$(CURDIR)/.cache/kafka/libs

lock: ## Write constraints.txt anew from what resolves today
	PYTHON=$(PYTHON) scripts/lock.sh

clean: ## Remove the environment and all caches
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tidegauge needs Python 3.11 or later; name one: make PYTHON=python3.12 ...")'
	@echo "Creating .venv; this takes about a minute, once."
	$(PYTHON) -m venv .venv

$(BASE): pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) --editable .
	@touch $@

$(TESTS): pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) --editable '.[$(EXTRAS)]'
	@touch $@
