"""Images that Compose files, Dockerfiles and pipelines name. Loads nothing."""
