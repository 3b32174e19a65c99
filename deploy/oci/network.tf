# Jobs reach the internet and are reached by nobody. The gateway alone is public.

resource "oci_core_vcn" "ci" {
  compartment_id = var.compartment_id
  display_name   = var.name
  cidr_blocks    = ["10.42.0.0/16"]
  dns_label      = replace(substr(var.name, 0, 15), "-", "")
}

data "oci_core_services" "all" {
  filter {
    name   = "name"
    values = ["All .* Services In Oracle Services Network"]
    regex  = true
  }
}

# The way to Object Storage, Queue, Vault and the registry, which costs nothing and leaves Oracle's network never.
resource "oci_core_service_gateway" "ci" {
  compartment_id = var.compartment_id
  vcn_id         = oci_core_vcn.ci.id
  display_name   = var.name

  services {
    service_id = data.oci_core_services.all.services[0].id
  }
}

# The way to everything else: forges, registries of packages and images.
resource "oci_core_nat_gateway" "ci" {
  compartment_id = var.compartment_id
  vcn_id         = oci_core_vcn.ci.id
  display_name   = var.name
}

resource "oci_core_internet_gateway" "ci" {
  compartment_id = var.compartment_id
  vcn_id         = oci_core_vcn.ci.id
  display_name   = var.name
}

resource "oci_core_route_table" "jobs" {
  compartment_id = var.compartment_id
  vcn_id         = oci_core_vcn.ci.id
  display_name   = "${var.name}-jobs"

  route_rules {
    network_entity_id = oci_core_nat_gateway.ci.id
    destination       = "0.0.0.0/0"
    destination_type  = "CIDR_BLOCK"
  }

  route_rules {
    network_entity_id = oci_core_service_gateway.ci.id
    destination       = data.oci_core_services.all.services[0].cidr_block
    destination_type  = "SERVICE_CIDR_BLOCK"
  }
}

resource "oci_core_route_table" "public" {
  compartment_id = var.compartment_id
  vcn_id         = oci_core_vcn.ci.id
  display_name   = "${var.name}-public"

  route_rules {
    network_entity_id = oci_core_internet_gateway.ci.id
    destination       = "0.0.0.0/0"
    destination_type  = "CIDR_BLOCK"
  }
}

# Nothing comes in: not even from other jobs.
resource "oci_core_security_list" "jobs" {
  compartment_id = var.compartment_id
  vcn_id         = oci_core_vcn.ci.id
  display_name   = "${var.name}-jobs"

  egress_security_rules {
    destination = "0.0.0.0/0"
    protocol    = "all"
  }
}

resource "oci_core_security_list" "public" {
  compartment_id = var.compartment_id
  vcn_id         = oci_core_vcn.ci.id
  display_name   = "${var.name}-public"

  ingress_security_rules {
    source   = "0.0.0.0/0"
    protocol = "6" # TCP

    tcp_options {
      min = 443
      max = 443
    }
  }

  egress_security_rules {
    destination = "0.0.0.0/0"
    protocol    = "all"
  }
}

resource "oci_core_subnet" "jobs" {
  compartment_id             = var.compartment_id
  vcn_id                     = oci_core_vcn.ci.id
  display_name               = "${var.name}-jobs"
  cidr_block                 = "10.42.0.0/18"
  dns_label                  = "jobs"
  prohibit_public_ip_on_vnic = true
  route_table_id             = oci_core_route_table.jobs.id
  security_list_ids          = [oci_core_security_list.jobs.id]
}

resource "oci_core_subnet" "public" {
  compartment_id    = var.compartment_id
  vcn_id            = oci_core_vcn.ci.id
  display_name      = "${var.name}-public"
  cidr_block        = "10.42.64.0/24"
  dns_label         = "public"
  route_table_id    = oci_core_route_table.public.id
  security_list_ids = [oci_core_security_list.public.id]
}
