# "SHA256:SknUbZ+0SpgXym8jMRbqQVUxMElndFJciD6mMuGIR10"
output "fingerprint" {
  value = provider::monkeyci::ssh_fingerprint("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMQT6u4g74HigiSr7F2ySoGh+YTUYU2BNDPKw3+b86Nv acme/web")
}
