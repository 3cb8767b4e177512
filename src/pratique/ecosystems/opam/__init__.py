"""OCaml. Loads nothing."""
