# Thin on purpose: each target names the scripts that do the work.

.PHONY: run test test-interface test-swift test-drivers test-e2e test-long test-foreign test-live bench build install lint format deps clean

run: build
	scripts/run-example

test: lint test-interface build test-swift test-drivers test-e2e
	@echo "all tests passed"

build: deps
	scripts/build-dist

test-interface: deps
	scripts/check-abi
	scripts/python -m pytest -q sdk/Tests/Interface

test-swift: deps
	scripts/test-swift

test-drivers: build
	scripts/test-drivers

test-e2e: build
	scripts/build-instruments lease-worker
	scripts/python -m pytest -q Tests/EndToEnd

test-long: build
	scripts/build-instruments lease-worker
	scripts/python Tests/Long/run.py

test-foreign: build
	scripts/test-foreign

test-live: build
	scripts/python Tests/Live/run.py

bench: build
	scripts/build-instruments holdfast-bench empty-route sdk/Benchmarks/call-bench \
		sdk/Benchmarks/NoOpDriver sdk/holdfast-isolation-bench
	scripts/python Benchmarks/run.py

lint: deps
	swift format lint --strict --parallel --recursive Package.swift Sources Plugins Tests sdk Benchmarks

format:
	swift format format --in-place --parallel --recursive Package.swift Sources Plugins Tests sdk Benchmarks

install: build
	scripts/install "$(DESTDIR)" "$(or $(PREFIX),/usr)"

deps:
	scripts/install-dependencies

clean:
	rm -rf dist .build sdk/.build sdk/Benchmarks/.build sdk/examples/*/build sdk/examples/*/target sdk/rust/*/target .venv
