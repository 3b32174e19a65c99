output "webhooks" {
  description = "What is entered at each forge, beside the secret. The content type is JSON."
  value = {
    for key, hook in var.hooks :
    key => "https://${oci_apigateway_gateway.ci.hostname}/webhook/${hook.forge}/${key}"
  }
}

output "store" {
  description = "Where builds are: monkeyci --store URL builds"
  value       = local.store
}

output "repository" {
  description = "Where the image is pushed to."
  value       = "${var.region}.ocir.io/${data.oci_objectstorage_namespace.ci.namespace}/${oci_artifacts_container_repository.ci.display_name}"
}

output "queue" {
  description = "Where triggers wait."
  value       = oci_queue_queue.triggers.id
}

output "parked" {
  description = "Where triggers are that were of no use."
  value       = oci_queue_queue.parked.id
}

output "subnet" {
  description = "Where jobs run, for `--executor oci`."
  value       = oci_core_subnet.jobs.id
}

output "jobs" {
  description = "Where jobs run, for builds of your own machine: terraform output -raw jobs > ~/.config/monkeyci/oci.toml"
  value       = local.jobs
}

output "vault" {
  description = "Where the secrets of webhooks are put, with its key."
  value       = { id = oci_kms_vault.ci.id, key = oci_kms_key.ci.id }
}
