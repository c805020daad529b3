"""What is installed for a project beside it: the packages that its files import, and their sources."""
