"""The parts of hack/acceptance: the control plane, the programs, the platforms, and the stories."""
