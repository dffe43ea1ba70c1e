# The tenant as Stagedoor needs it: the same as tenant.yaml, for Terraform. README.md says how to apply it.

terraform {
  required_version = ">= 1.5"
  required_providers {
    auth0 = {
      source  = "auth0/auth0"
      version = ">= 1.30"
    }
  }
}

# Reads AUTH0_DOMAIN and AUTH0_API_TOKEN, or AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET, from the environment.
provider "auth0" {}

locals {
  own      = "${var.base_url}/.stagedoor"
  audience = coalesce(var.audience, "${var.base_url}/api")
}

# Puts roles and groups on the tokens: Auth0 does not do it by itself.
resource "auth0_action" "claims" {
  name    = "Stagedoor claims"
  runtime = "node22"
  code    = file("${path.module}/actions/post-login.js")
  deploy  = true

  supported_triggers {
    id      = "post-login"
    version = "v3"
  }
}

# Adds ours at the end of the flow and leaves the others.
resource "auth0_trigger_action" "claims" {
  trigger      = "post-login"
  action_id    = auth0_action.claims.id
  display_name = auth0_action.claims.name
}

# The API that people's and machines' access tokens are for.
resource "auth0_resource_server" "stagedoor" {
  name        = "Stagedoor"
  identifier  = local.audience
  signing_alg = "RS256"

  # With RBAC a token carries what its holder may do, in `permissions`.
  enforce_policies = true
  token_dialect    = "access_token_authz"

  # Without it Auth0 gives no refresh token for this audience.
  allow_offline_access                            = true
  skip_consent_for_verifiable_first_party_clients = true
}

resource "auth0_resource_server_scopes" "stagedoor" {
  resource_server_identifier = auth0_resource_server.stagedoor.identifier

  scopes {
    name        = "read:catalog"
    description = "Read the catalog"
  }
}

resource "auth0_client" "stagedoor" {
  name                = "Stagedoor"
  app_type            = "regular_web"
  is_first_party      = true
  oidc_conformant     = true
  grant_types         = ["authorization_code", "refresh_token"]
  callbacks           = ["${local.own}/callback"]
  allowed_logout_urls = ["${local.own}/signed-out"]

  jwt_configuration {
    alg = "RS256"
  }

  # The overlap lets an answer that was lost on the way be asked for again. Auth0's default is infinite, which beats a lifetime.
  refresh_token {
    rotation_type                = "rotating"
    expiration_type              = "expiring"
    leeway                       = 60
    token_lifetime               = 2592000
    idle_token_lifetime          = 1296000
    infinite_token_lifetime      = false
    infinite_idle_token_lifetime = false
  }

  # An Enterprise feature.
  dynamic "oidc_logout" {
    for_each = var.backchannel_logout ? [1] : []
    content {
      backchannel_logout_urls = ["${local.own}/backchannel-logout"]
      backchannel_logout_initiators {
        mode = "all"
      }
    }
  }
}

resource "auth0_client_credentials" "stagedoor" {
  client_id             = auth0_client.stagedoor.id
  authentication_method = "client_secret_post"
}

# Reads Auth0's events, so that a blocked user's session ends at once (`auth0.events.pull`).
resource "auth0_client" "events" {
  name            = "Stagedoor events"
  app_type        = "non_interactive"
  is_first_party  = true
  oidc_conformant = true
  grant_types     = ["client_credentials"]

  jwt_configuration {
    alg = "RS256"
  }
}

resource "auth0_client_credentials" "events" {
  client_id             = auth0_client.events.id
  authentication_method = "client_secret_post"
}

resource "auth0_client_grant" "events" {
  client_id = auth0_client.events.id
  audience  = var.management_audience
  scopes    = ["read:events"]
}

resource "auth0_role" "admin" {
  name        = "stagedoor-admin"
  description = "May use the console of Stagedoor"
}

# Pushes the same events to a public address (`auth0.events.webhook`); not needed beside the application above.
resource "auth0_event_stream" "stagedoor" {
  count            = var.events_token == null ? 0 : 1
  name             = "Stagedoor"
  destination_type = "webhook"
  subscriptions = [
    "user.updated",
    "user.deleted",
    "organization.deleted",
    "organization.member.deleted",
    "organization.member.role.assigned",
    "organization.member.role.deleted",
  ]

  webhook_configuration {
    webhook_endpoint = "${local.own}/events"

    webhook_authorization {
      method = "bearer"
      token  = var.events_token
    }
  }
}
