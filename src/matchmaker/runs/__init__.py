"""Many problems: in processes, on a cluster, kept across interruptions; and what a bug report needs of a machine."""
