"""What the cells of a notebook will cost, before they run."""
