"""What each world of formats says beside packages in words of its own, in the words of the other. Loads nothing."""
