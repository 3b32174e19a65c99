terraform import monkeyci_slack_user_link.me acme/slack/T0123ABCD/U0123ABCD
