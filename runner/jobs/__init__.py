"""The jobs, one file each: the file name is the name an experiment uses."""
