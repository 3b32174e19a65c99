#!/bin/sh
# A placeholder of what installs the CLI; a release writes its version here.
VERSION={{version}}
echo "would install $VERSION"
