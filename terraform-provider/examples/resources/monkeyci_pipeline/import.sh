terraform import monkeyci_pipeline.web acme/pipeline/web
terraform import monkeyci_pipeline.docs acme/pipeline/docs
