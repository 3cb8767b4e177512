"""Swift packages and CocoaPods. Loads nothing."""
