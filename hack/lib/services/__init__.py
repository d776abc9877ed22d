"""The services on one machine: how hack/services, hack/services-acceptance, hack/soak and the benchmarks start them."""
