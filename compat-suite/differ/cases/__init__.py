"""One file per API: each public function is a case, run once for every version of its API."""
