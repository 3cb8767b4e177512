"""What Java archives, Maven and Gradle say of themselves. Pure functions of bytes; the catalogers put them together."""
