# Keeps its state in Holdfast. `make run` serves it, and then
#
#     terraform init && terraform apply
#
# needs no provider: terraform_data is built in.

terraform {
  required_version = ">= 1.4"

  backend "http" {
    address        = "http://127.0.0.1:8766/terraform/example"
    lock_address   = "http://127.0.0.1:8766/terraform/example"
    unlock_address = "http://127.0.0.1:8766/terraform/example"
  }
}

variable "stages" {
  description = "The stages of the service."
  type        = list(string)
  default     = ["dev", "prod"]
}

resource "terraform_data" "network" {
  input = { name = "example", range = "10.0.0.0/16" }
}

resource "terraform_data" "stage" {
  for_each = toset(var.stages)

  input = "${terraform_data.network.output.name}-${each.key}"
}

output "network" {
  value = terraform_data.network.output
}

output "stages" {
  value = [for stage in terraform_data.stage : stage.output]
}
