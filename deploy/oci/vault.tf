# The secrets of webhooks are in Vault. Terraform makes the vault and its key, and never sees a secret: whoever sets up a
# webhook puts it there (the guide says how), and names it in `hooks`.
resource "oci_kms_vault" "ci" {
  compartment_id = var.compartment_id
  display_name   = var.name
  vault_type     = "DEFAULT"
}

resource "oci_kms_key" "ci" {
  compartment_id      = var.compartment_id
  display_name        = var.name
  management_endpoint = oci_kms_vault.ci.management_endpoint
  protection_mode     = "SOFTWARE"

  key_shape {
    algorithm = "AES"
    length    = 32
  }
}
