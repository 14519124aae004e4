//! A KVM virtual machine monitor.
