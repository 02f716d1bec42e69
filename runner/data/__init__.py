"""The data sources, one file each: the file name is the name a protocol uses."""
