output "client_id" {
  description = "auth0.clientId"
  value       = auth0_client.stagedoor.client_id
}

output "client_secret" {
  description = "auth0.clientSecrets: terraform output -raw client_secret"
  value       = auth0_client_credentials.stagedoor.client_secret
  sensitive   = true
}

output "audience" {
  description = "auth0.audience"
  value       = auth0_resource_server.stagedoor.identifier
}

output "events_client_id" {
  description = "auth0.events.pull.clientId"
  value       = auth0_client.events.client_id
}

output "events_client_secret" {
  description = "auth0.events.pull.clientSecret: terraform output -raw events_client_secret"
  value       = auth0_client_credentials.events.client_secret
  sensitive   = true
}
