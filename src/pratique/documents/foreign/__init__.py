"""Lists of packages that are no bills of materials by a standard: syft's and trivy's JSON, GitHub's snapshots. Loads nothing."""
