"""The structure of markdown as GitHub reads it: lines, containers and inline marks, with offsets."""
