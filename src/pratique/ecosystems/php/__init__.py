"""PHP: Composer and PEAR. Loads nothing."""
