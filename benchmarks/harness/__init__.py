"""How anything is measured: data, protocols, detectors by name, runs, results and their report."""
