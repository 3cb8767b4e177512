"""SWI-Prolog's packs. Loads nothing."""
