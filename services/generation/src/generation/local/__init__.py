"""Work of the processor: image analysis and cropping, carried out in child processes with hard limits."""
