"""Result files, populations, metrics, replicates, and the evaluation of expressions over them."""
