terraform import monkeyci_ssh_key.deploy acme/ssh-key/deploy
