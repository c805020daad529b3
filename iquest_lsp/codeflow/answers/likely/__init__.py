"""How likely each of some commits brought a bug."""
