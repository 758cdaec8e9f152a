//! What the ACPI tables say.
