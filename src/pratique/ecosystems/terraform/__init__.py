"""Terraform. Loads nothing."""
