//! Benchmarks of the workspace. The first figures come with the tunnel.
