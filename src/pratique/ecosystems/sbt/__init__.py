"""Scala's sbt. Loads nothing."""
