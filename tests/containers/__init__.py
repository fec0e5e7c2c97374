"""kpybroker as an image, run by whatever answers at the Docker socket."""
