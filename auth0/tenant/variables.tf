variable "base_url" {
  description = "The address that people type: server.baseUrl of Stagedoor, without a slash at the end."
  type        = string
}

variable "audience" {
  description = "Identifier of the API; it cannot be changed later. Default: <base_url>/api."
  type        = string
  default     = null
}

variable "management_audience" {
  description = "Identifier of the Management API: https://<tenant>/api/v2/, always at the tenant's own domain."
  type        = string
}

variable "backchannel_logout" {
  description = "Whether Auth0 tells Stagedoor of logouts elsewhere. Needs an Enterprise plan and a public https address."
  type        = bool
  default     = false
}

variable "events_token" {
  description = "Bearer token of the event stream, one of auth0.events.webhook.tokens. Without it there is no stream."
  type        = string
  default     = null
  sensitive   = true
}
