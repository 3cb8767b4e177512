"""What is packed is opened: archives, package files and what hides in executables, read as if unpacked in an empty root."""
