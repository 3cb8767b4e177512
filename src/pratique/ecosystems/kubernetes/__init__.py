"""Images that Kubernetes manifests ask for. Loads nothing."""
