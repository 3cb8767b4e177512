""".NET: dependency manifests, assemblies, NuGet. Loads nothing."""
