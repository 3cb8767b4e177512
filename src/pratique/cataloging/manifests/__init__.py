"""Images named in Kubernetes manifests and Helm templates: found line by line, parsed, made components. Loads nothing."""
