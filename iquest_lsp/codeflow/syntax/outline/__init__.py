"""What has a name in files and places without definitions: keys, sections, packages, statements, tests with titles."""
