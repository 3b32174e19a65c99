terraform import monkeyci_slack_user_link.ann acme/slack/T0123ABCD/U0123ABCD
