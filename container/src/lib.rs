//! A namespace container.
