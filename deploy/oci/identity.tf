# Who may do what: the front door puts triggers and starts controllers; controllers and sidecars do the rest. The container
# of a job has no rights at all: MonkeyCI takes its resource principal away.

resource "oci_identity_dynamic_group" "hook" {
  provider       = oci.home
  compartment_id = var.tenancy_id
  name           = "${var.name}-hook"
  description    = "The function of MonkeyCI that takes in webhooks"
  matching_rule  = "ALL {resource.type = 'fnfunc', resource.compartment.id = '${var.compartment_id}'}"
}

resource "oci_identity_dynamic_group" "instances" {
  provider       = oci.home
  compartment_id = var.tenancy_id
  name           = "${var.name}-instances"
  description    = "Container instances of MonkeyCI: controllers, and the sidecars of jobs"
  matching_rule  = "ALL {resource.type = 'computecontainerinstance', resource.compartment.id = '${var.compartment_id}'}"
}

locals {
  hook      = "dynamic-group ${oci_identity_dynamic_group.hook.name}"
  instances = "dynamic-group ${oci_identity_dynamic_group.instances.name}"
  here      = "compartment id ${var.compartment_id}"
}

resource "oci_identity_policy" "ci" {
  provider       = oci.home
  compartment_id = var.compartment_id
  name           = var.name
  description    = "What MonkeyCI may do in its compartment"

  statements = [
    # The front door: it may put messages and read none, and read the secrets of webhooks.
    "allow ${local.hook} to use queue-push in ${local.here}",
    "allow ${local.hook} to inspect queues in ${local.here}",
    "allow ${local.hook} to read secret-bundles in ${local.here}",
    # It starts controllers, and removes those that have ended.
    "allow ${local.hook} to manage compute-container-family in ${local.here}",
    "allow ${local.hook} to use virtual-network-family in ${local.here}",
    "allow ${local.hook} to read repos in ${local.here}",
    # Controllers take triggers, and run jobs as instances.
    "allow ${local.instances} to use queue-pull in ${local.here}",
    "allow ${local.instances} to use queue-push in ${local.here}",
    "allow ${local.instances} to read queues in ${local.here}",
    "allow ${local.instances} to manage compute-container-family in ${local.here}",
    "allow ${local.instances} to use virtual-network-family in ${local.here}",
    "allow ${local.instances} to read repos in ${local.here}",
    "allow ${local.instances} to read secret-bundles in ${local.here}",
    # Builds, logs, workspaces and artifacts are objects of the one bucket, handed to jobs by signed addresses.
    "allow ${local.instances} to manage objects in ${local.here} where target.bucket.name = '${var.name}'",
    "allow ${local.instances} to manage buckets in ${local.here} where all {target.bucket.name = '${var.name}', any {request.permission = 'PAR_MANAGE', request.permission = 'BUCKET_READ', request.permission = 'BUCKET_INSPECT'}}",
  ]
}

# The gateway calls the function, and so does the rule that hears of approvals.
resource "oci_identity_policy" "callers" {
  provider       = oci.home
  compartment_id = var.compartment_id
  name           = "${var.name}-callers"
  description    = "Who may call the function of MonkeyCI"

  statements = [
    "allow any-user to use functions-family in ${local.here} where all {request.principal.type = 'ApiGateway', request.resource.compartment.id = '${var.compartment_id}'}",
    "allow service cloudEvents to use functions-family in ${local.here}",
    # Object Storage itself removes what the rules of the bucket say.
    "allow service objectstorage-${var.region} to manage object-family in ${local.here} where target.bucket.name = '${var.name}'",
  ]
}
