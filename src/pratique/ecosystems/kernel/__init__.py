"""The Linux kernel and its modules. Loads nothing."""
