variable "url" {
  description = "Where the repository is cloned from."
  type        = string
  default     = "https://git.example.com/shop/shop.git"
}

variable "team" {
  description = "Who belongs to the team, and what they may do."
  type        = map(string)
  default = {
    alice = "maintainer"
    bob   = "developer"
  }
}

variable "services" {
  description = "The folders in services/, with what is run there."
  type = map(object({
    image  = string
    test   = list(string)
    deploy = optional(list(string), [])
  }))
  default = {
    web = {
      image  = "docker.io/node:22"
      test   = ["npm ci", "npm test"]
      deploy = ["npm run deploy"]
    }
    stock = {
      image = "docker.io/rust:1.95"
      test  = ["cargo test"]
    }
  }
}

variable "prod" {
  description = "Params of deployments."
  type        = map(string)
  default     = { REGION = "eu-west-1" }
}

variable "protected" {
  description = "Whether the organisation cannot be removed."
  type        = bool
  default     = true
}
