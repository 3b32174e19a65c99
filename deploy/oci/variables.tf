variable "tenancy_id" {
  description = "The tenancy, in which dynamic groups and policies are made."
  type        = string

  validation {
    condition     = startswith(var.tenancy_id, "ocid1.tenancy.")
    error_message = "The id of a tenancy begins with ocid1.tenancy."
  }
}

variable "compartment_id" {
  description = "The compartment that everything else is made in: one for MonkeyCI alone."
  type        = string

  validation {
    condition     = startswith(var.compartment_id, "ocid1.compartment.")
    error_message = "Give MonkeyCI a compartment of its own: its policies hold for all that is in it."
  }
}

variable "region" {
  description = "The region, as eu-frankfurt-1."
  type        = string
}

variable "home_region" {
  description = "The home region of the tenancy, where that is another."
  type        = string
  default     = null
}

variable "profile" {
  description = "The profile of ~/.oci/config that sets it up."
  type        = string
  default     = "DEFAULT"
}

variable "name" {
  description = "What everything is called."
  type        = string
  default     = "monkeyci"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}$", var.name))
    error_message = "2 to 31 lower-case letters, digits and dashes, a letter first."
  }
}

variable "image" {
  description = "The image of MonkeyCI for controllers and sidecars, as fra.ocir.io/NAMESPACE/monkeyci:0.1. Empty at the first apply, before it is pushed."
  type        = string
  default     = ""
}

variable "function_image" {
  description = "The same image, whose command is `hook`, in a registry of this region. Empty at the first apply, before it is pushed."
  type        = string
  default     = ""
}

variable "hooks" {
  description = "The webhooks, by the key in their address."
  type = map(object({
    forge  = string
    repo   = string
    url    = string
    secret = string # the id of a secret of Vault

    # Whether a newer build of a branch or pull request stops those before it.
    cancel_superseded = optional(bool, false)

    # The forge is told how builds stand where a secret of Vault holds a token of it.
    token   = optional(string, "") # the id of that secret
    project = optional(string, "") # the path there, where it is another than `repo`
    api     = optional(string, "") # of a forge of one's own
    page    = optional(string, "") # where people see builds, with {org}, {repo} and {number} in it
  }))
  default = {}

  validation {
    condition = alltrue([
      for hook in values(var.hooks) :
      contains(["github", "gitlab", "bitbucket", "bitbucket-server", "gitea", "forgejo"], hook.forge)
    ])
    error_message = "A forge is github, gitlab, bitbucket, bitbucket-server, gitea or forgejo."
  }

  validation {
    condition     = alltrue([for hook in values(var.hooks) : startswith(hook.secret, "ocid1.vaultsecret.")])
    error_message = "The secret of a webhook is named by its id in Vault, and never given itself."
  }

  validation {
    condition     = alltrue([for hook in values(var.hooks) : hook.token == "" || startswith(hook.token, "ocid1.vaultsecret.")])
    error_message = "The token of a forge is named by its id in Vault, and never given itself."
  }
}

variable "shape" {
  description = "The kind of machine of controllers, and of jobs where nothing else is said. The images are of its processor: A1 is ARM, the others are x86."
  type        = string
  default     = "CI.Standard.E4.Flex"

  validation {
    condition     = startswith(var.shape, "CI.")
    error_message = "A shape of container instances is called as CI.Standard.E4.Flex."
  }
}

variable "job_shapes" {
  description = "The kinds of machines of jobs, tried in turn. Where both processors are among them, `image` is one for both."
  type        = list(string)
  default     = []
}

variable "depot_days" {
  description = "Days after which what travelled between controllers and jobs is removed: longer than any build may last."
  type        = number
  default     = 14
}
