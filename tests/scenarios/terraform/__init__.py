"""A Terraform provider of our own, as demanding on the wire as the vendor's, and what it proves about the service.

Written from the facts of section 5 of the vendor's rules: how its client speaks (5.1), which calls each resource
makes in which order and what it reads back (5.2), and what must hold for a second plan to show no difference (5.3).

    client       one call as the provider's client makes it: doubly escaped paths, strict decoding, no second try
    documents    what it decodes answers into
    schema       what a resource declares, and what a difference is
    people       pact_user, pact_role, pact_role_v1, pact_token
    places       pact_application, pact_team, pact_environment, pact_authentication
    secrets      pact_secret
    webhooks     pact_webhook
    core         configuration, state, plan, apply, destroy; ten operations at once
"""
