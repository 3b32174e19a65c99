# Triggers wait here until a controller takes them. One that failed five times goes to the dead letters by itself, should
# nobody have parked it before.
resource "oci_queue_queue" "triggers" {
  compartment_id                   = var.compartment_id
  display_name                     = "${var.name}-triggers"
  visibility_in_seconds            = 120
  retention_in_seconds             = 604800 # a week, the most there is
  dead_letter_queue_delivery_count = 10
}

# What was of no use is looked at by people.
resource "oci_queue_queue" "parked" {
  compartment_id       = var.compartment_id
  display_name         = "${var.name}-parked"
  retention_in_seconds = 604800
}
