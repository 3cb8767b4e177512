"""JavaScript: installed packages and the locks of npm, yarn, pnpm and bun. Loads nothing."""
