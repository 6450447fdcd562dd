"""The help of the native API: one description, shown as pages and as OpenAPI."""
