"""Elixir and Erlang. Loads nothing."""
