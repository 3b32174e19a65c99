# By its scope: an organisation, a repository, an environment (acme/web/env/prod/param/REGION), or a param set
# (acme/param-set/shop/param/REGION).
terraform import monkeyci_param.level acme/param/LEVEL
terraform import monkeyci_param.database acme/web/param/DATABASE_URL
