"""Rust: audited binaries and Cargo.lock. Loads nothing."""
