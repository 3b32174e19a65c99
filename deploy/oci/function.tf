data "oci_identity_availability_domains" "all" {
  compartment_id = var.tenancy_id
}

locals {
  # Where this module's objects are, for the programs.
  store = "oci://${data.oci_objectstorage_namespace.ci.namespace}/${oci_objectstorage_bucket.ci.name}"

  # TOML: what JSON says of texts and lists of texts, TOML says in the same letters.
  domains = jsonencode(data.oci_identity_availability_domains.all.availability_domains[*].name)

  # Where jobs run: what `~/.config/monkeyci/oci.toml` says.
  jobs = <<-TOML
    compartment = ${jsonencode(var.compartment_id)}
    availability-domains = ${local.domains}
    shapes = ${jsonencode(length(var.job_shapes) > 0 ? var.job_shapes : [var.shape])}
    subnets = [${jsonencode(oci_core_subnet.jobs.id)}]
    sidecar-image = ${jsonencode(var.image)}
    namespace = ${jsonencode(data.oci_objectstorage_namespace.ci.namespace)}
    bucket = ${jsonencode(oci_objectstorage_bucket.ci.name)}
  TOML

  # Which forges they tell how builds stand.
  reports = join("", [for hook in var.hooks : <<-TOML
    [[report]]
    repo = ${jsonencode(hook.repo)}
    forge = ${jsonencode(hook.forge)}
    token = "vault:${hook.token}"
    %{~if hook.project != ""}
    project = ${jsonencode(hook.project)}
    %{~endif}
    %{~if hook.api != ""}
    api = ${jsonencode(hook.api)}
    %{~endif}
    %{~if hook.page != ""}
    page = ${jsonencode(hook.page)}
    %{~endif}
  TOML
  if hook.token != ""])

  settings = <<-TOML
    to = ${jsonencode(oci_queue_queue.triggers.id)}
    endpoint = ${jsonencode(oci_queue_queue.triggers.messages_endpoint)}

    [oci]
    auth = "resource-principal"

    [start.container]
    compartment = ${jsonencode(var.compartment_id)}
    availability-domains = ${local.domains}
    subnet = ${jsonencode(oci_core_subnet.jobs.id)}
    shape = ${jsonencode(var.shape)}
    image = ${jsonencode(var.image)}
    arguments = ["run-build", "--store", ${jsonencode(local.store)}, "--queue", ${jsonencode(oci_queue_queue.triggers.id)}, "--executor", "oci"]

    [start.container.environment]
    MONKEYCI_OCI_SETTINGS = ${jsonencode("${local.jobs}account = { auth = \"resource-principal\" }\n")}
    MONKEYCI_REPORT_SETTINGS = ${jsonencode(local.reports)}

    %{for key, hook in var.hooks~}
    [[hook]]
    key = ${jsonencode(key)}
    forge = ${jsonencode(hook.forge)}
    repo = ${jsonencode(hook.repo)}
    url = ${jsonencode(hook.url)}
    secrets = ["vault:${hook.secret}", "vault:${hook.secret}#previous"]
    cancel-superseded = ${hook.cancel_superseded}

    %{endfor~}
  TOML

  is_ready = var.function_image != "" && var.image != "" && length(var.hooks) > 0
}

resource "oci_functions_application" "ci" {
  compartment_id = var.compartment_id
  display_name   = var.name
  subnet_ids     = [oci_core_subnet.jobs.id]
  shape          = startswith(var.shape, "CI.Standard.A1") ? "GENERIC_ARM" : "GENERIC_X86"
}

resource "oci_functions_function" "hook" {
  count = local.is_ready ? 1 : 0

  application_id     = oci_functions_application.ci.id
  display_name       = "hook"
  image              = var.function_image
  memory_in_mbs      = 256
  timeout_in_seconds = 30

  config = {
    MONKEYCI_HOOK_SETTINGS = local.settings
  }

  lifecycle {
    precondition {
      # All variables of a function have 4 KB; what is longer is a file in the image, named by MONKEYCI_HOOK_CONFIG.
      condition     = length(local.settings) < 3800
      error_message = "These are too many webhooks for the variables of a function: put the settings into its image."
    }
  }
}

resource "oci_apigateway_gateway" "ci" {
  compartment_id = var.compartment_id
  display_name   = var.name
  endpoint_type  = "PUBLIC"
  subnet_id      = oci_core_subnet.public.id
}

resource "oci_apigateway_deployment" "hook" {
  count = local.is_ready ? 1 : 0

  compartment_id = var.compartment_id
  gateway_id     = oci_apigateway_gateway.ci.id
  display_name   = "hook"
  path_prefix    = "/"

  specification {
    request_policies {
      # Of one address: a forge may push many branches at once, and nobody may make our bill.
      rate_limiting {
        rate_in_requests_per_second = 20
        rate_key                    = "CLIENT_IP"
      }
    }

    routes {
      path    = "/webhook/{forge}/{key}"
      methods = ["POST"]

      backend {
        type        = "ORACLE_FUNCTIONS_BACKEND"
        function_id = oci_functions_function.hook[0].id
      }
    }
  }
}

# An approval is an object that is written: the function hears of it, and starts a controller that goes on.
resource "oci_events_rule" "commands" {
  count = local.is_ready ? 1 : 0

  compartment_id = var.compartment_id
  display_name   = "${var.name}-commands"
  is_enabled     = true

  condition = jsonencode({
    eventType = ["com.oraclecloud.objectstorage.createobject"]
    data = {
      resourceName      = ["*/commands/*", "*triggers/waiting/*"]
      additionalDetails = { bucketName = [oci_objectstorage_bucket.ci.name] }
    }
  })

  actions {
    actions {
      action_type = "FAAS"
      is_enabled  = true
      function_id = oci_functions_function.hook[0].id
    }
  }
}
