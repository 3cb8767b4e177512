"""CycloneDX (ECMA-424) 1.2 to 1.7, JSON and XML. Loads nothing."""
