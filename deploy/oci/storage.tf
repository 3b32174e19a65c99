data "oci_objectstorage_namespace" "ci" {
  compartment_id = var.compartment_id
}

# Builds, logs, artifacts, caches, and what travels between controllers and jobs. It is nobody's but theirs.
resource "oci_objectstorage_bucket" "ci" {
  compartment_id        = var.compartment_id
  namespace             = data.oci_objectstorage_namespace.ci.namespace
  name                  = var.name
  access_type           = "NoPublicAccess"
  object_events_enabled = true # approvals are heard of by them
  storage_tier          = "Standard"
  versioning            = "Disabled" # an object that is there already is the fence of a build
}

resource "oci_objectstorage_object_lifecycle_policy" "ci" {
  namespace = data.oci_objectstorage_namespace.ci.namespace
  bucket    = oci_objectstorage_bucket.ci.name

  # What travels between controllers and jobs is of no use once they have ended. Builds themselves, their numbers and what
  # they keep are under other names, and no rule may remove single objects of them.
  rules {
    name        = "jobs"
    action      = "DELETE"
    target      = "objects"
    time_amount = var.depot_days
    time_unit   = "DAYS"
    is_enabled  = true

    object_name_filter {
      inclusion_prefixes = ["jobs/"]
    }
  }

  rules {
    name        = "uploads-that-were-never-finished"
    action      = "ABORT"
    target      = "multipart-uploads"
    time_amount = 1
    time_unit   = "DAYS"
    is_enabled  = true
  }
}

# Images of MonkeyCI. Functions take theirs from a registry of their own region alone.
resource "oci_artifacts_container_repository" "ci" {
  compartment_id = var.compartment_id
  display_name   = var.name
  is_public      = false
}
