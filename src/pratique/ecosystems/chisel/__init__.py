"""Ubuntu's Chisel. Loads nothing."""
