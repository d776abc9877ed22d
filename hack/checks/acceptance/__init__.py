"""The parts of hack/checks/acceptance.py: the control plane, the programs, the platforms, and the stories."""
